namespace Dmkd.Contracts.Preservation;

/// <summary>How the importance of a weight is measured, by name.</summary>
public static class ScoreNames
{
    /// <summary><c>|W| · mean |∇L|</c> (proposal 3.2.1).</summary>
    public const string Gradient = "gradient";

    /// <summary>A control: <c>|W|</c> alone.</summary>
    public const string Magnitude = "magnitude";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Gradient, Magnitude];
}
