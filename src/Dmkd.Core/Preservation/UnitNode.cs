namespace Dmkd.Core.Preservation;

/// <summary>One unit of a network: a node of the <see cref="ImportanceGraph"/> (proposal 3.2.2).</summary>
/// <param name="Space">Name of the unit space.</param>
/// <param name="Unit">Index in the space, in [0, width).</param>
public readonly record struct UnitNode(string Space, int Unit);
