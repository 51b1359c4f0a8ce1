using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>Cuts one weight to the units and outputs an expert keeps.</summary>
internal static class WeightCut
{
    /// <summary>Selects along the axes that stand for units.</summary>
    /// <param name="weight">A weight of the legacy network. Borrowed.</param>
    /// <param name="axes">What its axes stand for.</param>
    /// <param name="selection">The units to keep.</param>
    /// <param name="outputs">The legacy output of each new output; null gives a row of 0.</param>
    /// <returns>A copy owned by the caller.</returns>
    public static Tensor Cut(Tensor weight, WeightAxes axes, UnitSelection selection, IReadOnlyList<int?> outputs)
    {
        using var scope = NewDisposeScope();
        var result = axes.Rows.Space == UnitSpace.Output ? Outputs(weight, outputs) : Units(weight, axes.RowAxis, axes.Rows, selection);
        if (axes.Columns is { } columns) result = Units(result, 1, columns, selection);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The new outputs that no legacy output stands behind.</summary>
    public static long[] AddedOutputs(IReadOnlyList<int?> outputs) =>
        [.. Enumerable.Range(0, outputs.Count).Where(output => outputs[output] is null).Select(output => (long)output)];

    /// <summary>Throws unless weights, units and outputs are the network's.</summary>
    public static void Check(NetworkArchitecture architecture, WeightSet legacy, UnitSelection selection, IReadOnlyList<int?> outputs)
    {
        var names = architecture.Weights.Select(axes => axes.Name).ToHashSet(StringComparer.Ordinal);
        names.SymmetricExceptWith(legacy.Keys);
        if (names.Count > 0)
            throw new ArgumentException($"legacy must hold the weights of {architecture}; missing or unexpected: {string.Join(", ", names)}.", nameof(legacy));
        foreach (var space in architecture.UnitSpaces)
        {
            if (selection[space.Name][^1] >= space.Width)
                throw new ArgumentOutOfRangeException(nameof(selection), selection[space.Name][^1], $"Units of space '{space.Name}' must be in [0, {space.Width}).");
        }

        foreach (int? output in outputs)
        {
            if (output < 0 || output >= architecture.OutputCount)
                throw new ArgumentOutOfRangeException(nameof(outputs), output, $"outputs must be in [0, {architecture.OutputCount}) or null.");
        }
    }

    private static Tensor Units(Tensor weight, int axis, AxisUnits units, UnitSelection selection)
    {
        if (units.Space == UnitSpace.Input) return weight.clone();
        int width = (int)(weight.shape[axis] / (units.Outer * units.Inner));
        return weight.index_select(axis, tensor(units.PositionsOf(selection[units.Space], width).ToArray()));
    }

    private static Tensor Outputs(Tensor weight, IReadOnlyList<int?> outputs)
    {
        var kept = weight.index_select(0, tensor(outputs.Select(output => (long)(output ?? 0)).ToArray()));
        long[] added = AddedOutputs(outputs);
        return added.Length == 0 ? kept : kept.index_fill_(0, tensor(added), 0);
    }
}
