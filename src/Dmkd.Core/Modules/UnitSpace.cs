namespace Dmkd.Core.Modules;

/// <summary>
/// A set of units (output channels or neurons) that every layer writing to or reading from it shares. A residual stream is
/// one space however many layers write to it. Preservation cuts a network by choosing units of each space (proposal 3.2).
/// </summary>
/// <param name="Name">Name, unique in the network.</param>
/// <param name="Width">Number of units, at least 1.</param>
public sealed record UnitSpace(string Name, int Width)
{
    /// <summary>Name of the network's input channels: never cut.</summary>
    public const string Input = "input";

    /// <summary>Name of the network's outputs: cut by class, not by cluster.</summary>
    public const string Output = "output";
}
