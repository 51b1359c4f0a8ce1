using System.Runtime.InteropServices;
using System.Text.Json;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Routing;
using Dmkd.Core.Routing.Discriminants;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Moments in every expert's feature space, as they lie in the weight store: JSON, numbers to the last bit.
/// </summary>
/// <param name="Experts">Moments by name of the expert.</param>
internal sealed record LibraryMoments(SortedDictionary<string, FeatureMoments> Experts)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>Of no expert.</summary>
    public static LibraryMoments None { get; } = new([]);

    /// <summary>From bytes.</summary>
    public static LibraryMoments Decode(byte[] content) =>
        JsonSerializer.Deserialize<LibraryMoments>(content, Options)!;

    /// <summary>As bytes; equal moments give equal bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>These and what nodes report about a task, added in the order of the nodes.</summary>
    /// <param name="names">The experts.</param>
    /// <param name="classes">Classes of the task.</param>
    /// <param name="reports">Per node its key and its reports about the experts, in their order.</param>
    /// <returns>The sum, and why reports were left out.</returns>
    /// <exception cref="InvalidOperationException">An expert got no report that can be used.</exception>
    public (LibraryMoments Sum, IReadOnlyList<string> Refusals) Plus(
        string[] names,
        int[] classes,
        IReadOnlyList<(string Node, MomentsReport[] Reports)> reports
    )
    {
        var sum = new SortedDictionary<string, FeatureMoments>(Experts, StringComparer.Ordinal);
        var refusals = new List<string>();
        for (int k = 0; k < names.Length; k++)
        {
            bool isMeasured = false;
            foreach (var (node, own) in reports.Where(entry => entry.Reports.Length > k))
            {
                var known = sum.GetValueOrDefault(names[k]);
                if (ProblemOf(own[k], classes, known?.Width) is { } problem)
                {
                    refusals.Add($"{node}: moments of {names[k]} are left out: {problem}");
                    continue;
                }

                var added = FromWire(own[k]);
                sum[names[k]] = known is null ? added : known.Plus(added);
                isMeasured = true;
            }

            if (!isMeasured)
                throw new InvalidOperationException(
                    $"No node told moments of {names[k]} that can be used. {string.Join(' ', refusals)}".TrimEnd()
                );
        }

        return (new LibraryMoments(sum), refusals);
    }

    /// <summary>What a gate is fitted to.</summary>
    /// <param name="names">The experts, all known.</param>
    public ExpertMoments Of(IReadOnlyList<string> names) => new([.. names.Select(name => Experts[name])]);

    /// <summary>What is wrong with a report; null when nothing is.</summary>
    /// <param name="report">The report.</param>
    /// <param name="classes">Classes of the task.</param>
    /// <param name="width">Features that the expert has; null when that is not known yet.</param>
    internal static string? ProblemOf(MomentsReport report, int[] classes, int? width)
    {
        if (report.Width is < 1 or > MomentsProbe.MaxFeatures || (width is { } known && report.Width != known))
            return $"it has {report.Width} features, not "
                + $"{(width is { } other ? $"{other}" : $"1 to {MomentsProbe.MaxFeatures}")}";
        if (!report.Classes.SequenceEqual(classes))
            return $"its classes are {string.Join(", ", report.Classes)}, not {string.Join(", ", classes)}";
        if (
            report.Counts.Length != classes.Length
            || report.Counts.Any(count => count is < 0 or > MomentsProbe.MaxInputs)
            || report.Counts.Sum() is 0 or > MomentsProbe.MaxInputs
        )
            return $"it counts {string.Join(", ", report.Counts)} images, not 1 to {MomentsProbe.MaxInputs}";
        long sums = (long)sizeof(float) * classes.Length * report.Width,
            products = (long)sizeof(float) * FeatureMoments.TriangleOf(report.Width);
        if (report.Sums.Length != sums || report.Products.Length != products)
            return $"it has {report.Sums.Length} and {report.Products.Length} bytes, not {sums} and {products}";
        return Values(report.Sums).Concat(Values(report.Products)).All(double.IsFinite)
            ? null
            : "a value is not finite";
    }

    private static FeatureMoments FromWire(MomentsReport report) =>
        new(report.Width, report.Classes, report.Counts, Values(report.Sums), Values(report.Products));

    private static double[] Values(byte[] content) =>
        Array.ConvertAll(MemoryMarshal.Cast<byte, float>(content).ToArray(), value => (double)value);
}
