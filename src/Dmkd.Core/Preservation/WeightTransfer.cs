using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Makes an expert's first weights, <c>W_k = α W_old,k + (1-α) W_rand,k</c>, from a legacy network (proposal 3.2.3).
/// </summary>
public static class WeightTransfer
{
    /// <summary>Deviation of U(±1/√n), 1/√(3n), over He's, √(2/n).</summary>
    private static readonly double PyTorchScale = 1 / Math.Sqrt(6);

    /// <summary>Cuts a narrower network out of a legacy one: <c>W_old,k</c>.</summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="legacy">Its weights <c>W_old</c>. Borrowed.</param>
    /// <param name="selection">The units to keep.</param>
    /// <param name="outputs">For each output of the expert the legacy output it comes from, or null for an output the
    /// legacy does not have.</param>
    /// <returns>The expert's architecture and weights in the legacy's order, owned by the caller. Rows of outputs
    /// without a legacy output are 0.</returns>
    public static (NetworkArchitecture Architecture, WeightSet Weights) Cut(
        NetworkArchitecture architecture,
        WeightSet legacy,
        UnitSelection selection,
        IReadOnlyList<int?> outputs
    )
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(legacy);
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentNullException.ThrowIfNull(outputs);
        WeightCut.Check(architecture, legacy, selection, outputs);
        var cut = architecture.Cut(selection.Units, outputs.Count);
        var axes = architecture.Weights.ToDictionary(axes => axes.Name, StringComparer.Ordinal);
        return (cut, legacy.Map((name, weight) => WeightCut.Cut(weight, axes[name], selection, outputs)));
    }

    /// <summary>As the other overload, for an expert all of whose outputs are legacy outputs.</summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="legacy">Its weights <c>W_old</c>. Borrowed.</param>
    /// <param name="selection">The units to keep.</param>
    /// <param name="outputs">The legacy output of each of the expert's.</param>
    public static (NetworkArchitecture Architecture, WeightSet Weights) Cut(
        NetworkArchitecture architecture,
        WeightSet legacy,
        UnitSelection selection,
        IReadOnlyList<int> outputs
    )
    {
        ArgumentNullException.ThrowIfNull(outputs);
        return Cut(architecture, legacy, selection, [.. outputs.Select(output => (int?)output)]);
    }

    /// <summary>
    /// The random part <c>W_rand</c>: the weights of a freshly built network. One seed for all nodes gives all the
    /// same.
    /// </summary>
    /// <param name="architecture">Describes the expert.</param>
    /// <param name="seed">Seed common to all nodes.</param>
    /// <returns>Weights owned by the caller.</returns>
    public static WeightSet RandomWeights(NetworkArchitecture architecture, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        using var network = architecture.Build(generator);
        return WeightSet.CopyOf(network);
    }

    /// <summary>
    /// The random part at the size that PyTorch gives new convolutions, <c>U(±1/√fan_in)</c>: 1/√6 of He's, which
    /// trained weights about keep and which would drown half of them (docs/adr/0012).
    /// </summary>
    /// <param name="random">What <see cref="RandomWeights"/> gave. Borrowed.</param>
    /// <returns>Weights owned by the caller.</returns>
    public static WeightSet AtPyTorchScale(WeightSet random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return random.Map((_, weight) => weight.dim() == 4 ? weight * PyTorchScale : weight.clone());
    }

    /// <summary>Mixes <c>α W_old,k + (1-α) W_rand,k</c>; 1 and 0 return the one or the other bit for bit.</summary>
    /// <param name="cut">Weights cut from the legacy network. Borrowed.</param>
    /// <param name="random">Random weights of the same architecture. Borrowed.</param>
    /// <param name="legacyFraction">The proposal's <c>α</c>, in [0, 1].</param>
    /// <returns>Weights owned by the caller.</returns>
    /// <remarks>
    /// Batch-norm statistics come from the legacy network whatever α is: random weights have none (0 and 1 are
    /// placeholders), and a mixture could describe neither; the variance stays positive.
    /// </remarks>
    public static WeightSet Blend(WeightSet cut, WeightSet random, double legacyFraction)
    {
        ArgumentNullException.ThrowIfNull(cut);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThan(legacyFraction, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(legacyFraction, 1);
        return cut.Map((name, old) => IsStatistic(name) ? old.clone() : Mix(name, old, random[name], legacyFraction));
    }

    /// <summary>
    /// As the other overload, but outputs that the legacy network does not have are wholly <c>W_rand</c>'s.
    /// </summary>
    /// <param name="architecture">Describes the expert.</param>
    /// <param name="cut">Weights cut from the legacy network. Borrowed.</param>
    /// <param name="random">Random weights of the same architecture. Borrowed.</param>
    /// <param name="legacyFraction">The proposal's <c>α</c>, in [0, 1].</param>
    /// <param name="outputs">For each output of the expert the legacy output it comes from, or null.</param>
    /// <returns>Weights owned by the caller.</returns>
    public static WeightSet Blend(
        NetworkArchitecture architecture,
        WeightSet cut,
        WeightSet random,
        double legacyFraction,
        IReadOnlyList<int?> outputs
    )
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentOutOfRangeException.ThrowIfNotEqual(outputs.Count, architecture.OutputCount);
        var blended = Blend(cut, random, legacyFraction);
        long[] added = WeightCut.AddedOutputs(outputs);
        if (added.Length == 0)
            return blended;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = tensor(added);
        foreach (var axes in architecture.Weights.Where(axes => axes.Rows.Space == UnitSpace.Output))
            blended[axes.Name].index_copy_(0, rows, random[axes.Name].index_select(0, rows));
        return blended;
    }

    private static Tensor Mix(string name, Tensor old, Tensor random, double legacyFraction)
    {
        if (!old.shape.AsSpan().SequenceEqual(random.shape))
            throw new ArgumentException(
                $"Weight '{name}' is [{string.Join(", ", old.shape)}] in cut and [{string.Join(", ", random.shape)}] in random.",
                nameof(random)
            );
        // 0 · W_rand would turn -0 into 0, and a value that is not finite into NaN.
        return legacyFraction switch
        {
            0 => random.clone(),
            1 => old.clone(),
            _ => old.mul(legacyFraction).add(random, alpha: 1 - legacyFraction),
        };
    }

    private static bool IsStatistic(string name) =>
        name.EndsWith("running_mean", StringComparison.Ordinal)
        || name.EndsWith("running_var", StringComparison.Ordinal);
}

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
        var result =
            axes.Rows.Space == UnitSpace.Output
                ? Outputs(weight, outputs)
                : Units(weight, axes.RowAxis, axes.Rows, selection);
        if (axes.Columns is { } columns)
            result = Units(result, 1, columns, selection);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The new outputs that no legacy output stands behind.</summary>
    public static long[] AddedOutputs(IReadOnlyList<int?> outputs) =>
        [.. Enumerable.Range(0, outputs.Count).Where(output => outputs[output] is null).Select(output => (long)output)];

    /// <summary>Throws unless weights, units and outputs are the network's.</summary>
    public static void Check(
        NetworkArchitecture architecture,
        WeightSet legacy,
        UnitSelection selection,
        IReadOnlyList<int?> outputs
    )
    {
        var names = architecture.Weights.Select(axes => axes.Name).ToHashSet(StringComparer.Ordinal);
        names.SymmetricExceptWith(legacy.Keys);
        if (names.Count > 0)
            throw new ArgumentException(
                $"legacy must hold the weights of {architecture}; missing or unexpected: {string.Join(", ", names)}.",
                nameof(legacy)
            );
        foreach (var space in architecture.UnitSpaces)
        {
            if (selection[space.Name][^1] >= space.Width)
                throw new ArgumentOutOfRangeException(
                    nameof(selection),
                    selection[space.Name][^1],
                    $"Units of space '{space.Name}' must be in [0, {space.Width})."
                );
        }

        foreach (int? output in outputs)
        {
            if (output < 0 || output >= architecture.OutputCount)
                throw new ArgumentOutOfRangeException(
                    nameof(outputs),
                    output,
                    $"outputs must be in [0, {architecture.OutputCount}) or null."
                );
        }
    }

    private static Tensor Units(Tensor weight, int axis, AxisUnits units, UnitSelection selection)
    {
        if (units.Space == UnitSpace.Input)
            return weight.clone();
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
