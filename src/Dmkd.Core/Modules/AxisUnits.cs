namespace Dmkd.Core.Modules;

/// <summary>How the positions along one axis of a weight stand for the units of a space.</summary>
/// <param name="Space">Name of the space.</param>
/// <param name="Outer">How often the whole space comes one after the other, such as 3 for fused query, key and value rows. At least 1.</param>
/// <param name="Inner">How many neighbouring positions one unit has, such as height · width of a flattened map. At least 1.</param>
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
