using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>A module without a computation of its own: one step of a dotted name.</summary>
internal sealed class ModuleGroup(string name) : nn.Module(name);

/// <summary>
/// A set of units (output channels or neurons) that every layer writing to or reading from it shares. A residual stream
/// is one space however many layers write to it. Preservation cuts a network by choosing units of each space (proposal
/// 3.2).
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

/// <summary>Which units the axes of one weight tensor stand for.</summary>
/// <param name="Name">Name of the tensor in the network's state.</param>
/// <param name="Rows">The units the tensor writes to; usually just the name of their space.</param>
/// <param name="Columns">The units it reads from, along axis 1; null for vectors (biases, normalisation).</param>
/// <remarks>Further axes (kernel height and width) belong to no unit and stay whole.</remarks>
public sealed record WeightAxes(string Name, AxisUnits Rows, AxisUnits? Columns = null)
{
    /// <summary>
    /// The axis of <see cref="Rows"/>: 0, or another in tensors without <see cref="Columns"/>, such as 2 in position
    /// embeddings [1, tokens, units].
    /// </summary>
    public int RowAxis { get; init; }
}

/// <summary>How the positions along one axis of a weight stand for the units of a space.</summary>
/// <param name="Space">Name of the space.</param>
/// <param name="Outer">How often the whole space comes one after the other, such as 3 for fused query, key and value
/// rows. At least 1.</param>
/// <param name="Inner">How many neighbouring positions one unit has, such as height · width of a flattened map. At
/// least 1.</param>
/// <remarks>Position <c>(outer · width + unit) · Inner + inner</c> belongs to <c>unit</c>.</remarks>
public sealed record AxisUnits(string Space, int Outer = 1, int Inner = 1)
{
    /// <summary>The usual case: one position for each unit.</summary>
    /// <param name="space">Name of the space.</param>
    public static implicit operator AxisUnits(string space) => FromString(space);

    /// <summary>The usual case: one position for each unit.</summary>
    /// <param name="space">Name of the space.</param>
    public static AxisUnits FromString(string space) => new(space);

    /// <summary>Length of the axis.</summary>
    /// <param name="width">Width of the space.</param>
    public int Length(int width) => checked(Outer * width * Inner);

    /// <summary>The positions of some units, block by block in the order of the units.</summary>
    /// <param name="units">Units in [0, width).</param>
    /// <param name="width">Width of the space.</param>
    public IEnumerable<long> PositionsOf(IReadOnlyList<int> units, int width) =>
        from outer in Enumerable.Range(0, Outer)
        from unit in units
        from inner in Enumerable.Range(0, Inner)
        select ((long)outer * width + unit) * Inner + inner;
}
