namespace Dmkd.Core.Routing;

/// <summary>
/// How the evidence of different experts is made comparable (docs/adr/0018), and which gates take what.
/// </summary>
public static class Calibrations
{
    /// <summary>Scores as they are.</summary>
    [Named(None, "scores as they are", Order = 1)]
    public const string None = "none";

    /// <summary>One affine pair per expert, fitted on exemplars.</summary>
    [Named(Affine, "one affine pair per expert, fitted to exemplars", Order = 2)]
    public const string Affine = "affine";

    /// <summary>
    /// Linear discriminants in every expert's feature space, fitted to moments that the nodes sum up; no exemplars
    /// (docs/adr/0019).
    /// </summary>
    [Named(Discriminant, "linear discriminants, fitted to moments that the nodes sum up; no exemplars", Order = 3)]
    public const string Discriminant = "discriminant";

    /// <summary>All of them.</summary>
    public static Registry Known { get; } = Registry.OfConstants("calibration", typeof(Calibrations));

    /// <summary>What is best without exemplars for a gate, and the default.</summary>
    /// <param name="gate">The gate's name.</param>
    public static string DefaultFor(string gate) => gate == EvidenceGate.GateName ? Discriminant : None;

    /// <summary>What does not go together, with the names of settings in braces.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="calibration">The calibration.</param>
    /// <param name="exemplars">Training images kept to fit to.</param>
    /// <returns>A sentence; null when they go together.</returns>
    public static string? ProblemOf(string gate, string calibration, int exemplars)
    {
        if (calibration != None && gate != EvidenceGate.GateName)
            return $"{{calibration}} {calibration} is for {{gate}} {EvidenceGate.GateName}, not {gate}.";
        if (exemplars > 0)
            return null;
        bool needsExemplars = GateCatalog.Create(new GateOptions(gate, calibration)).Needs.HasFlag(GateNeeds.Exemplars);
        if (!needsExemplars)
            return null;
        string what = calibration == None ? $"{{gate}} {gate}" : $"{{calibration}} {calibration}";
        return $"{what} is fitted to exemplars: {{exemplars}} must be above 0.";
    }
}
