namespace Dmkd.Contracts.Routing;

/// <summary>Names of the ways to make the evidence of different experts comparable (docs/adr/0018).</summary>
public static class CalibrationNames
{
    /// <summary>Scores as they are.</summary>
    public const string None = "none";

    /// <summary>One affine pair per expert, fitted on exemplars.</summary>
    public const string Affine = "affine";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [None, Affine];
}
