using System.Diagnostics;
using Dmkd.Core.Merging.Rules;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Rules;

public class ScratchTimings
{
    [Theory]
    [InlineData(4)]
    [InlineData(10)]
    [InlineData(30)]
    public void Time(int nodes)
    {
        set_num_threads(1);
        using Rounds round = new([.. Enumerable.Range(0, nodes).Select(i => TestWeights.Random((ulong)i, ("w", [1 << 21])))]);
        double[] counts = [.. round.Select(_ => 1.0)];
        foreach (string name in MergeRuleCatalog.Names)
        {
            MergeRuleCatalog.Named(name).Merge(round, counts).Dispose();
            var watch = Stopwatch.StartNew();
            MergeRuleCatalog.Named(name).Merge(round, counts).Dispose();
            TestContext.Current.TestOutputHelper?.WriteLine($"{nodes} {name}: {watch.ElapsedMilliseconds} ms");
        }

        foreach (int chunk in (int[])[1 << 12, 1 << 14, 1 << 16])
        {
            using var outer = NewDisposeScope();
            Tensor[] flat = [.. round.Select(r => r["w"])];
            var watch = Stopwatch.StartNew();
            for (long first = 0; first < 1 << 21; first += chunk)
            {
                using var scope = NewDisposeScope();
                var (sorted, _) = stack([.. flat.Select(f => f.narrow(0, first, chunk))]).sort(0);
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{nodes} sort dim 0, {chunk}: {watch.ElapsedMilliseconds} ms");
            watch.Restart();
            for (long first = 0; first < 1 << 21; first += chunk)
            {
                using var scope = NewDisposeScope();
                var (sorted, _) = stack([.. flat.Select(f => f.narrow(0, first, chunk))], 1).sort(1);
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{nodes} sort dim 1, {chunk}: {watch.ElapsedMilliseconds} ms");
            watch.Restart();
            for (long first = 0; first < 1 << 21; first += chunk)
            {
                using var scope = NewDisposeScope();
                Tensor[] rows = [.. flat.Select(f => f.narrow(0, first, chunk))];
                foreach (var (i, j) in Network(nodes)) (rows[i], rows[j]) = (rows[i].minimum(rows[j]), rows[i].maximum(rows[j]));
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{nodes} network of {Network(nodes).Count()}, {chunk}: {watch.ElapsedMilliseconds} ms");
        }
    }

    private static IEnumerable<(int, int)> Network(int n)
    {
        for (int p = 1; p < n; p *= 2)
            for (int k = p; k >= 1; k /= 2)
                for (int j = k % p; j <= n - 1 - k; j += 2 * k)
                    for (int i = 0; i <= Math.Min(k - 1, n - j - k - 1); i++)
                        if ((i + j) / (p * 2) == (i + j + k) / (p * 2))
                            yield return (i + j, i + j + k);
    }
}
