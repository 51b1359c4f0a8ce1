using System.ComponentModel.DataAnnotations;
using Dmkd.Core.Models;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Chooses the units of a cluster's expert (proposal 3.2.2): the cluster's own, within a least and a most width.
/// </summary>
public static class UnitSelector
{
    private const int MinUnits = 4;

    /// <summary>
    /// Experts of a given size have multiples of this many units: processors compute convolutions in blocks of
    /// channels, so that a ResNet-20 of 9, 17 and 34 channels takes as long as one of 16, 32 and 64 (docs/adr/0013).
    /// </summary>
    private const int VectorUnits = 8;

    /// <summary>
    /// In an expert of a given size a residual stream keeps this many times the share of its units that other spaces
    /// keep: all layers read and write it, so what is cut there is lost to all of them (docs/adr/0013).
    /// </summary>
    private const double StreamWidening = 1.5;

    /// <summary>
    /// Takes the cluster's units in each space. Too few are filled up with the other units most important to the
    /// classes; of too many the most important ones stay. Every class counts alike, whatever the size of its gradients.
    /// </summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="scores">Importance of its units. Borrowed.</param>
    /// <param name="graph">The graph that was partitioned.</param>
    /// <param name="clusterOfNode">Cluster of each node.</param>
    /// <param name="cluster">The cluster to make an expert of.</param>
    /// <param name="classes">The classes of the cluster, at least one, in [0, classes scored).</param>
    /// <param name="options">
    /// Least and most width; both are rounded up, and never below 4 units (or all units, in a space with fewer).
    /// </param>
    public static UnitSelection Select(
        NetworkArchitecture architecture,
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusterOfNode,
        int cluster,
        IReadOnlyList<int> classes,
        UnitSelectionOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(clusterOfNode);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfNotEqual(clusterOfNode.Length, graph.NodeCount);
        CheckClasses(classes, scores);

        var members = graph.Nodes.Where((_, node) => clusterOfNode[node] == cluster).ToHashSet();
        // What a cluster owns is often lopsided between layers; an expert of a given size is cut as evenly as its
        // network was built.
        var wanted = architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => options.MultiplyAddsShare is null ? OwnedIn(space) : (double)space.Width
        );
        return Select(architecture, scores, members, Widths(architecture, wanted, classes.Count, options), classes);

        int OwnedIn(UnitSpace space) =>
            Enumerable.Range(0, space.Width).Count(unit => members.Contains(new UnitNode(space.Name, unit)));
    }

    /// <summary>Takes the units most important to some classes in each space, whatever their clusters.</summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="scores">Importance of its units. Borrowed.</param>
    /// <param name="classes">At least one, in [0, classes scored).</param>
    /// <param name="widthFraction">How many of a space's units to take, in (0, 1], before the widths are brought within
    /// the options.</param>
    /// <param name="options">Least and most width, and most multiply-adds.</param>
    public static UnitSelection MostImportant(
        NetworkArchitecture architecture,
        ImportanceScores scores,
        IReadOnlyList<int> classes,
        double widthFraction,
        UnitSelectionOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(scores);
        CheckClasses(classes, scores);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(widthFraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(widthFraction, 1);
        var wanted = architecture.UnitSpaces.ToDictionary(space => space.Name, space => widthFraction * space.Width);
        return Select(architecture, scores, [], Widths(architecture, wanted, classes.Count, options), classes);
    }

    /// <summary>Multiply-adds of an expert at the least width that the options allow.</summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="outputs">Outputs of the expert, at least 1.</param>
    /// <param name="options">Least width.</param>
    public static long MinMultiplyAdds(NetworkArchitecture architecture, int outputs, UnitSelectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        Check(options);
        return architecture.Resize(space => Width(space, options.MinWidthFraction), outputs).MultiplyAdds;
    }

    // The sorts are stable: of equally important units the first is taken.
    private static UnitSelection Select(
        NetworkArchitecture architecture,
        ImportanceScores scores,
        HashSet<UnitNode> members,
        Dictionary<string, int> widths,
        IReadOnlyList<int> classes
    ) =>
        new(
            architecture.UnitSpaces.Select(space =>
            {
                double[] toClasses = ImportanceTo(classes, scores.UnitsByClass[space.Name]);
                IReadOnlyList<int> units =
                [
                    .. Enumerable
                        .Range(0, space.Width)
                        .OrderByDescending(unit => members.Contains(new UnitNode(space.Name, unit)))
                        .ThenByDescending(unit => toClasses[unit])
                        .Take(widths[space.Name])
                        .Order(),
                ];
                return KeyValuePair.Create(space.Name, units);
            })
        );

    private static Dictionary<string, int> Widths(
        NetworkArchitecture architecture,
        Dictionary<string, double> wanted,
        int outputs,
        UnitSelectionOptions options
    )
    {
        if (options.MultiplyAddsShare is not { } share)
            return At(1);
        var streams = StreamsOf(architecture);
        wanted = wanted.ToDictionary(
            space => space.Key,
            space => space.Value * (streams.Contains(space.Key) ? StreamWidening : 1),
            StringComparer.Ordinal
        );
        double limit = share * architecture.MultiplyAdds;
        if (Cost(At(0)) > limit)
            throw new ArgumentException(
                $"Experts may have {share:P1} of the multiply-adds, but at the least width, "
                    + $"{options.MinWidthFraction:P0} of each layer, they already have "
                    + $"{Cost(At(0)) / architecture.MultiplyAdds:P1}.",
                nameof(options)
            );
        // Bisection for the largest scale that keeps to the limit; widths are whole numbers, so 50 halvings are more
        // than enough. Twice every space's full width: a wish below one unit counts, and rounding to a multiple does
        // not stop short of an odd width.
        double low = 0,
            high = 2 * architecture.UnitSpaces.Max(space => space.Width / wanted[space.Name]);
        for (int step = 0; step < 50; step++)
        {
            double middle = (low + high) / 2;
            if (Cost(At(middle)) <= limit)
                low = middle;
            else
                high = middle;
        }

        return At(low);

        double Cost(Dictionary<string, int> widths) => architecture.Resize(widths, outputs).MultiplyAdds;

        Dictionary<string, int> At(double scale) =>
            architecture.UnitSpaces.ToDictionary(
                space => space.Name,
                space =>
                    Math.Clamp(
                        Rounded(space, scale * wanted[space.Name]),
                        Width(space, options.MinWidthFraction),
                        Width(space, options.MaxWidthFraction)
                    )
            );

        int Rounded(UnitSpace space, double width)
        {
            int multiple = options.MultiplyAddsShare is not null && space.Width >= 2 * VectorUnits ? VectorUnits : 1;
            return multiple * (int)Math.Round(width / multiple);
        }
    }

    /// <summary>The spaces that several layers write to.</summary>
    private static HashSet<string> StreamsOf(NetworkArchitecture architecture) =>
        architecture
            .Weights.Where(axes => axes.Columns is not null)
            .GroupBy(axes => axes.Rows.Space)
            .Where(writers => writers.Count() > 1)
            .Select(writers => writers.Key)
            .ToHashSet(StringComparer.Ordinal);

    private static double[] ImportanceTo(IReadOnlyList<int> classes, double[,] importance)
    {
        double[] sums = new double[importance.GetLength(1)];
        foreach (int label in classes)
        {
            double total = Enumerable.Range(0, sums.Length).Sum(unit => importance[label, unit]);
            for (int unit = 0; unit < sums.Length && total > 0; unit++)
                sums[unit] += importance[label, unit] / total;
        }

        return sums;
    }

    // A billionth less than the product, so that 0.1 of 30 units is 3 and not, by rounding error, 4.
    internal static int Width(UnitSpace space, double fraction) =>
        Math.Clamp((int)Math.Ceiling(fraction * space.Width - 1e-9), Math.Min(MinUnits, space.Width), space.Width);

    private static void CheckClasses(IReadOnlyList<int> classes, ImportanceScores scores)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentOutOfRangeException.ThrowIfZero(classes.Count, nameof(classes));
        ArgumentOutOfRangeException.ThrowIfNegative(classes.Min(), nameof(classes));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(classes.Max(), scores.ClassCount, nameof(classes));
    }

    private static void Check(UnitSelectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MinWidthFraction, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxWidthFraction, options.MinWidthFraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxWidthFraction, 1);
        if (options.MultiplyAddsShare is { } share)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share, nameof(options));
    }
}

/// <summary>
/// How wide an expert is, in every unit space, as a fraction of the legacy network's width there (proposal 3.2.2).
/// </summary>
public sealed class UnitSelectionOptions
{
    /// <summary>Gets or sets the least width. Default: 0.25.</summary>
    [Range(0.0, 1.0)]
    public double MinWidthFraction { get; set; } = 0.25;

    /// <summary>Gets or sets the most width, at least <see cref="MinWidthFraction"/>. Default: 1.</summary>
    [Range(0.0, 1.0)]
    public double MaxWidthFraction { get; set; } = 1;

    /// <summary>
    /// Gets or sets the most multiply-adds of an expert as a share of the legacy network's: every space is then cut to
    /// the same fraction of its width, a residual stream to one and a half times that, the largest fractions that keep
    /// to it. Default: null, the widths are what the cluster owns.
    /// </summary>
    [Range(0.0, 1.0)]
    public double? MultiplyAddsShare { get; set; }
}

/// <summary>The units of each space that an expert keeps (proposal 3.2.2).</summary>
public sealed class UnitSelection
{
    private readonly Dictionary<string, int[]> _units = new(StringComparer.Ordinal);

    /// <summary>Checks and copies a choice.</summary>
    /// <param name="units">By space name: unit indices, at least one, strictly ascending from 0.</param>
    /// <exception cref="ArgumentException">A choice is empty, negative or not ascending; the message names the
    /// space.</exception>
    public UnitSelection(IEnumerable<KeyValuePair<string, IReadOnlyList<int>>> units)
    {
        ArgumentNullException.ThrowIfNull(units);
        foreach (var (space, chosen) in units)
        {
            if (chosen.Count == 0 || chosen[0] < 0 || chosen.Zip(chosen.Skip(1)).Any(pair => pair.First >= pair.Second))
                throw new ArgumentException(
                    $"The units of space '{space}' must be at least one, ascending from 0; they are "
                        + $"[{string.Join(", ", chosen)}].",
                    nameof(units)
                );
            _units.Add(space, [.. chosen]);
        }
    }

    /// <summary>The number of units chosen in each space.</summary>
    public IReadOnlyDictionary<string, int> Widths =>
        _units.ToDictionary(pair => pair.Key, pair => pair.Value.Length, StringComparer.Ordinal);

    /// <summary>The units chosen in each space, ascending.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Units =>
        _units.ToDictionary(
            pair => pair.Key,
            pair => (IReadOnlyList<int>)pair.Value.AsReadOnly(),
            StringComparer.Ordinal
        );

    /// <summary>The units chosen in a space, ascending.</summary>
    public IReadOnlyList<int> this[string space] =>
        _units.TryGetValue(space, out int[]? units)
            ? units
            : throw new KeyNotFoundException(
                $"The selection has no space '{space}'; it has: {string.Join(", ", _units.Keys)}."
            );

    /// <summary>Chooses every unit of a network.</summary>
    public static UnitSelection All(NetworkArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return new(
            architecture.UnitSpaces.Select(space =>
                KeyValuePair.Create(space.Name, (IReadOnlyList<int>)[.. Enumerable.Range(0, space.Width)])
            )
        );
    }
}
