using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>
/// Another order of a network's hidden units: other weights, the same function. Inputs and outputs keep their order.
/// </summary>
public sealed class UnitPermutation
{
    private readonly NetworkArchitecture _architecture;
    private readonly Dictionary<string, int[]> _units = new(StringComparer.Ordinal);

    /// <summary>Checks and copies an order.</summary>
    /// <param name="architecture">Describes the network.</param>
    /// <param name="units">By name of every unit space: for each place the unit that comes to it.</param>
    /// <exception cref="ArgumentException"> A space is missing, an order does not hold every unit once, or a shortcut
    /// without weights would add to other channels than before. </exception>
    public UnitPermutation(NetworkArchitecture architecture, IReadOnlyDictionary<string, IReadOnlyList<int>> units)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(units);
        foreach (var space in architecture.UnitSpaces)
        {
            if (!units.TryGetValue(space.Name, out var order))
                throw new ArgumentException($"There is no order of the units of space '{space.Name}'.", nameof(units));
            if (!order.Order().SequenceEqual(Enumerable.Range(0, space.Width)))
                throw new ArgumentException(
                    $"Space '{space.Name}' must have all of [0, {space.Width}) once, not [{string.Join(", ", order)}].",
                    nameof(units)
                );
            _units.Add(space.Name, [.. order]);
        }

        // Cutting out all units in another order gives the architecture back unless its shortcuts would have to be
        // others.
        if (!architecture.Cut(Units, architecture.OutputCount).Equals(architecture))
            throw new ArgumentException(
                $"Shortcuts without weights join the units of {architecture}: they must move together.",
                nameof(units)
            );
        _architecture = architecture;
    }

    /// <summary>By name of every unit space: for each place the unit that comes to it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Units =>
        _units.ToDictionary(
            pair => pair.Key,
            pair => (IReadOnlyList<int>)pair.Value.AsReadOnly(),
            StringComparer.Ordinal
        );

    /// <summary>Units that come to another place than their own, over all spaces.</summary>
    public int MovedCount => _units.Values.Sum(order => order.Where((unit, place) => unit != place).Count());

    /// <summary>For each place of a space the unit that comes to it.</summary>
    public IReadOnlyList<int> this[string space] =>
        _units.TryGetValue(space, out int[]? order)
            ? order.AsReadOnly()
            : throw new KeyNotFoundException(
                $"The permutation has no space '{space}'; it has: {string.Join(", ", _units.Keys)}."
            );

    /// <summary>
    /// Reorders the rows of what writes to a unit, normalisation and its statistics included, and the columns of what
    /// reads from it.
    /// </summary>
    /// <param name="weights">The weights of a network of the architecture. Borrowed.</param>
    /// <returns>Weights of the same names and order, owned by the caller. Values are moved, never changed.</returns>
    /// <exception cref="ArgumentException">The names or shapes are not the architecture's; the message names
    /// them.</exception>
    public WeightSet Apply(WeightSet weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var axes = _architecture.Weights.ToDictionary(axes => axes.Name, StringComparer.Ordinal);
        var names = axes.Keys.ToHashSet(StringComparer.Ordinal);
        names.SymmetricExceptWith(weights.Keys);
        if (names.Count > 0)
            throw new ArgumentException(
                $"weights must hold those of {_architecture}; missing or unexpected: {string.Join(", ", names)}.",
                nameof(weights)
            );
        return weights.Map((name, weight) => Reorder(weight, axes[name]));
    }

    /// <summary>The permutation that undoes this one.</summary>
    public UnitPermutation Inverse() =>
        new(
            _architecture,
            _units.ToDictionary(
                pair => pair.Key,
                pair => (IReadOnlyList<int>)Inverse(pair.Value),
                StringComparer.Ordinal
            )
        );

    private Tensor Reorder(Tensor weight, WeightAxes axes)
    {
        using var scope = NewDisposeScope();
        var result = Reorder(weight, axes.RowAxis, axes.Rows, axes.Name);
        if (axes.Columns is { } columns)
            result = Reorder(result, 1, columns, axes.Name);
        return result.MoveToOuterDisposeScope();
    }

    private Tensor Reorder(Tensor weight, int axis, AxisUnits units, string name)
    {
        if (!_units.TryGetValue(units.Space, out int[]? order))
            return weight.clone(); // inputs or outputs
        int length = units.Length(order.Length);
        if (weight.dim() <= axis || weight.shape[axis] != length)
            throw new ArgumentException(
                $"Axis {axis} of '{name}' must be of length {length}; its shape is {WeightSchema.Text(weight.shape)}.",
                nameof(weight)
            );
        return weight.index_select(axis, tensor(units.PositionsOf(order, order.Length).ToArray()));
    }

    private static int[] Inverse(int[] order)
    {
        int[] inverse = new int[order.Length];
        for (int place = 0; place < order.Length; place++)
            inverse[order[place]] = place;
        return inverse;
    }
}

/// <summary>
/// Chains of units that can only move together, one unit in each of some spaces. The chains of one set can change
/// places without changing what the network computes.
/// </summary>
/// <param name="Spaces">Names of the spaces, at least one.</param>
/// <param name="Chains">For each chain its unit in each of the spaces.</param>
/// <remarks>
/// Most spaces are on their own. The stages of a CIFAR ResNet with shortcuts of option A are not: such a shortcut has
/// no weights to permute, and the channel that continues another one has to follow it.
/// </remarks>
internal sealed record UnitChains(IReadOnlyList<string> Spaces, IReadOnlyList<int[]> Chains)
{
    /// <summary>All chains of a network; every unit is in one.</summary>
    /// <exception cref="NotSupportedException">A channel is continued by more than one channel of the next
    /// stage.</exception>
    public static IEnumerable<UnitChains> Of(NetworkArchitecture architecture)
    {
        var streams = architecture is CifarResNetArchitecture { Shortcut: ResNetShortcut.ZeroPadded } resNet
            ? Streams(resNet)
            : [];
        string[] joined = [.. streams.SelectMany(chains => chains.Spaces)];
        return [.. streams, .. architecture.UnitSpaces.Where(space => !joined.Contains(space.Name)).Select(Alone)];
    }

    private static UnitChains Alone(UnitSpace space) =>
        new([space.Name], [.. Enumerable.Range(0, space.Width).Select(unit => (int[])[unit])]);

    private static UnitChains[] Streams(CifarResNetArchitecture resNet)
    {
        var writers = resNet.Weights.ToDictionary(axes => axes.Name, axes => axes.Rows.Space, StringComparer.Ordinal);
        string[] spaces =
        [
            .. resNet.StreamWidths.Select(
                (_, stage) => writers[$"{CifarResNetArchitecture.BlockOf(stage, 0)}.conv2.weight"]
            ),
        ];
        var starts = resNet.StreamWidths.SelectMany(
            (width, stage) =>
                Enumerable
                    .Range(0, width)
                    .Where(unit => stage == 0 || resNet.ShortcutSources[stage - 1][unit] == ChannelMap.Zero)
                    .Select(unit => (stage, unit))
        );
        return
        [
            .. starts
                .Select(start => (start.stage, Units: Follow(resNet, start.stage, start.unit)))
                .GroupBy(chain => (chain.stage, chain.Units.Length), chain => chain.Units)
                .Select(group => new UnitChains(
                    spaces[group.Key.stage..(group.Key.stage + group.Key.Length)],
                    [.. group]
                )),
        ];
    }

    private static int[] Follow(CifarResNetArchitecture resNet, int stage, int unit)
    {
        List<int> units = [unit];
        for (; stage < resNet.ShortcutSources.Count; stage++)
        {
            var map = resNet.ShortcutSources[stage];
            int[] next = [.. Enumerable.Range(0, map.Count).Where(channel => map[channel] == units[^1])];
            if (next.Length > 1)
                throw new NotSupportedException(
                    $"{resNet} cannot be aligned: channel {units[^1]} of stage {stage + 1} continues as {next.Length} channels."
                );
            if (next.Length == 0)
                break;
            units.Add(next[0]);
        }

        return [.. units];
    }
}
