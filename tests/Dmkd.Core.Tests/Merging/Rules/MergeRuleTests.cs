using CsCheck;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Rules;

/// <summary>What holds for every rule.</summary>
public sealed class MergeRuleTests
{
    private static readonly Gen<string> AnyName = Gen.OneOf(IMergeRule.Known.Names.ToArray());

    public static TheoryData<string> Names => [.. IMergeRule.Known.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Merge_EqualUpdates_GivesThemBackExactly(string name)
    {
        for (int nodes = 1; nodes <= 10; nodes++) // one node is the simplest case
        {
            using var round = Rounds.Equal(nodes);
            using var merged = IMergeRule.Known.Find(name).Merge(round, [.. round.Select((_, i) => 1.0 + 7777 * i)]);
            using var rounded = merged.Update.Map((_, tensor) => tensor.to(ScalarType.Float32));
            TestWeights.AssertSameBits(round[0], rounded);
            Assert.Equal(1, merged.AcceptedWeights.Sum(), 1e-12);
        }
    }

    [Theory]
    [InlineData("mean", 3)]
    [InlineData("weighted", 2.5)]
    [InlineData("clipped", 2)]
    [InlineData("trimmed", 3)]
    [InlineData("median", 3)]
    [InlineData("krum", 3)]
    [InlineData("nnm", 2.5)]
    public void Merge_TwoNodes_IsAMeanOfBoth(string name, double expected)
    {
        var (update, weights) = Rounds.Merge(IMergeRule.Known.Find(name), [3, 1], [2], [4]);
        Assert.Equal([expected], update);
        Assert.All(weights, weight => Assert.InRange(weight, 0.1, 0.9));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Merge_AnyOrderOfArrival_GivesTheSameDigestInNodeOrder(string name)
    {
        using var start = TestWeights.Network(99);
        using var round = Rounds.Random(7);
        (string Node, WeightSet Delta, double Samples)[] arrived =
        [
            .. round.Select((delta, i) => ($"node-{i}", delta, 10.0 + i)),
        ];
        var random = new Random(5);
        HashSet<string> digests = [];
        for (int repeat = 0; repeat < 5; repeat++)
        {
            random.Shuffle(arrived);
            var ordered = arrived.OrderBy(entry => entry.Node, StringComparer.Ordinal).ToArray();
            using var merged = IMergeRule
                .Known.Find(name)
                .Merge([.. ordered.Select(entry => entry.Delta)], [.. ordered.Select(entry => entry.Samples)]);
            using var weights = ModuleAverager.Apply(start, merged.Update);
            digests.Add(WeightDigest.Of(WeightCodec.Encode(weights)));
        }

        Assert.Single(digests);
    }

    [Fact]
    public void Merge_PermutedNodes_GivesTheSameUpdateAndPermutedWeights() =>
        Gen.Select(AnyName, Gen.Int[1, 9], Gen.Int)
            .Sample(
                (name, nodes, seed) =>
                {
                    if (name == "krum" && nodes == 3)
                        return; // the closest pair always ties, and the earlier node wins
                    var random = new Random(seed);
                    int[] order = [.. Enumerable.Range(0, nodes)];
                    random.Shuffle(order);
                    double[] counts = [.. order.Select(_ => (double)random.Next(1, 1000))];
                    using var round = Rounds.Random(nodes, (ulong)random.Next());
                    using var merged = IMergeRule.Known.Find(name).Merge(round, counts);
                    using var permuted = IMergeRule
                        .Known.Find(name)
                        .Merge([.. order.Select(i => round[i])], [.. order.Select(i => counts[i])]);
                    // Sums of at most 9 values of about 1 in another order: roundings of 1e-16 each.
                    foreach (var (tensor, values) in merged.Update)
                        Assert.True(
                            values.allclose(permuted.Update[tensor], rtol: 0, atol: 1e-14),
                            $"{name}, {tensor}"
                        );
                    for (int i = 0; i < nodes; i++)
                        Assert.Equal(merged.AcceptedWeights[order[i]], permuted.AcceptedWeights[i], 1e-12);
                },
                iter: 60,
                threads: 1
            );

    [Theory]
    [MemberData(nameof(Names))]
    public void Merge_AnyUpdates_IsFloat64AndWeightsSumToOne(string name)
    {
        using var round = Rounds.Random(6);
        using var merged = IMergeRule.Known.Find(name).Merge(round, [1, 2, 3, 4, 5, 6]);
        Assert.Equal(round[0].Keys, merged.Update.Keys);
        Assert.All(merged.Update, pair => Assert.Equal(round[0][pair.Key].shape, pair.Value.shape));
        Assert.All(merged.Update.Values, tensor => Assert.Equal(ScalarType.Float64, tensor.dtype));
        Assert.Equal(6, merged.AcceptedWeights.Count);
        Assert.All(merged.AcceptedWeights, weight => Assert.InRange(weight, 0, 1));
        Assert.Equal(1, merged.AcceptedWeights.Sum(), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Merge_ScalarAndEmptyTensors_AreMerged(string name)
    {
        WeightSet[] round =
        [
            .. Enumerable.Range(1, 3).Select(value => TestWeights.Of(("scale", [value], []), ("none", [], [0]))),
        ];
        using var merged = IMergeRule.Known.Find(name).Merge(round, [1, 1, 1]);
        Rounds.Dispose(round);
        Assert.Empty(merged.Update["scale"].shape);
        Assert.Equal([0], merged.Update["none"].shape);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Merge_BadArguments_AreRefused(string name)
    {
        var rule = IMergeRule.Known.Find(name);
        using var one = TestWeights.Vector(1, 2);
        using var other = TestWeights.Vector(1, 2, 3);
        Assert.Throws<ArgumentException>(() => rule.Merge([], []));
        Assert.Throws<ArgumentException>(() => rule.Merge([one, one], [1]));
        Assert.Throws<ArgumentException>(() => rule.Merge([one, one], [0, 0]));
        Assert.Throws<ArgumentException>(() => rule.Merge([one, one], [2, -1]));
        Assert.Throws<ArgumentException>(() => rule.Merge([one, one], [1, double.NaN]));
        var error = Assert.Throws<ArgumentException>(() => rule.Merge([one, other], [1, 1]));
        Assert.Contains("'w' of delta 1 has shape [3]", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Merge_LeaksNoTensor(string name)
    {
        using var round = Rounds.Random(5);
        Assert.Equal(0, LiveTensors.Change(() => IMergeRule.Known.Find(name).Merge(round, [1, 1, 1, 1, 1]).Dispose()));
    }
}
