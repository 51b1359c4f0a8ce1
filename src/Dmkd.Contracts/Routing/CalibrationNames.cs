namespace Dmkd.Contracts.Routing;

/// <summary>Names of the ways to make the evidence of different experts comparable (docs/adr/0018).</summary>
public static class CalibrationNames
{
    /// <summary>Scores as they are.</summary>
    public const string None = "none";

    /// <summary>One affine pair per expert, fitted on exemplars.</summary>
    public const string Affine = "affine";

    /// <summary>Linear discriminants in every expert's feature space, fitted to moments that the nodes sum up; no exemplars (docs/adr/0019).</summary>
    public const string Discriminant = "discriminant";

    private const string CalibratedGate = "evidence";

    /// <summary>What is best without exemplars for a gate, and the default.</summary>
    public static string DefaultFor(string gate) => gate == CalibratedGate ? Discriminant : None;

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [None, Affine, Discriminant];
}
