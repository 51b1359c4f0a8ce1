using System.Buffers.Binary;
using System.Text;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Core.Tensors;
using static Dmkd.Grains.Tests.Cluster.MergeScenario;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Merges through the coordinator on updates made by hand. Base: a = [1, 2, 3, 4], b = [10, 20].</summary>
public sealed class MergeCoordinatorTests(SharedCluster shared) : IClassFixture<SharedCluster>
{
    public static TheoryData<string, string> Malformed =>
        new()
        {
            { "nan", "holds a value that is not finite" },
            { "infinite", "holds a value that is not finite" },
            { "wrong shape", "Tensor 'a' has shape" },
            { "missing tensor", "Tensor 'b' is missing" },
            { "unknown tensor", "Tensor 'c' is not among the base weights" },
            { "tensor twice", "'a' comes twice" },
            { "header written otherwise", "the header is not in the canonical form" },
            { "short values", "are not within the" },
            { "one factor", "its parts are '/U'" },
            { "rank too large", "rank must be in [1, 2]" },
            { "low-rank vector", "cannot be of low rank" },
            { "no safetensors", "3 bytes are too few for a header length" },
            { "other tensors", "bytes of tensors are not sha256:" },
            { "nothing stored", "are not in" },
            { "far too large", "its tensors may take" },
            { "older program", "its program is older than 0.2" },
            { "no samples", "sample count must be at least 1, not 0" },
        };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Merge_WeightedBySamples_IsExactlyAsByHand()
    {
        var scenario = await OpenAsync(shared.Cluster, "weighted");
        await scenario.SubmitAsync(scenario.Update("n1", 1, [4, 8, 0, -4], [4, 0]));
        await scenario.SubmitAsync(scenario.Update("n2", 3, [8, 0, 4, -8], [0, 4]));
        // (1·δ1 + 3·δ2) / 4, added to the base.
        await scenario.ExpectWeightsAsync([1 + 7, 2 + 2, 3 + 3, 4 - 7, 10 + 1, 20 + 3]);
    }

    [Fact]
    public async Task Merge_PlainMean_IgnoresSamples()
    {
        var scenario = await OpenAsync(shared.Cluster, "mean", "mean");
        await scenario.SubmitAsync(scenario.Update("n1", 1, [4, 8, 0, -4], [4, 0]));
        await scenario.SubmitAsync(scenario.Update("n2", 3, [8, 0, 4, -8], [0, 4]));
        await scenario.ExpectWeightsAsync([1 + 6, 2 + 4, 3 + 2, 4 - 6, 10 + 2, 20 + 2]);
    }

    [Fact]
    public async Task Merge_TwentyRandomArrivalOrders_GiveTheSameBits()
    {
        // Huge values that cancel: (1e20 - 1e20) + 1 is 1, but (1e20 + 1) - 1e20 is 0, even in float64.
        float[][] deltas =
        [
            [1e20f, 1, 1e20f, 1e20f],
            [-1e20f, 1e20f, 1, -1e20f],
            [1, -1e20f, -1e20f, 3],
            [2, 2, 2, 2],
        ];
        var random = new Random(7);
        var digests = new List<string>();
        for (int repeat = 0; repeat < 20; repeat++)
        {
            int[] order = [0, 1, 2, 3];
            random.Shuffle(order);
            var scenario = await OpenAsync(shared.Cluster, $"order-{repeat}", "mean", nodes: ["n0", "n1", "n2", "n3"]);
            await Task.WhenAll(
                order.Select(async node =>
                {
                    for (int turn = random.Next(4); turn > 0; turn--)
                        await Task.Yield();
                    await scenario.SubmitAsync(scenario.Update($"n{node}", 1, deltas[node], [node, 1]));
                })
            );
            digests.Add((await scenario.EndAsync()).Result!.Digest);
        }

        Assert.Single(digests.Distinct());
    }

    [Fact]
    public async Task Merge_AllUpdatesIn_PublishesTheVersion()
    {
        var scenario = await OpenAsync(shared.Cluster, "publish");
        await scenario.SubmitAsync(scenario.Update("n2", 3, [0, 0, 0, 0], [0, 1]));
        await scenario.SubmitAsync(scenario.Update("n1", 1, [0, 0, 0, 0], [0, 1]));
        var result = (await scenario.EndAsync()).Result!;
        var module = shared.Cluster.Grains.GetGrain<IExpertModuleGrain>("publish/expert-1");
        Assert.Equal(result.Digest, (await module.GetSnapshotAsync(Cancel))!.Current.Digest);
        Assert.Equal([("n1", 1L), ("n2", 3L)], result.Contributions.Select(entry => (entry.NodeId, entry.SampleCount)));
    }

    [Fact]
    public async Task Submit_SameNodeTwice_CountsOnce()
    {
        var scenario = await OpenAsync(shared.Cluster, "twice");
        await scenario.SubmitAsync(scenario.Update("n1", 1, [2, 2, 2, 2], [2, 2]));
        var before = await scenario.StatusAsync();
        var second = await scenario.SubmitAsync(scenario.Update("n1", 1, [9, 9, 9, 9], [9, 9]));
        var after = await scenario.StatusAsync();
        await scenario.SubmitAsync(scenario.Update("n2", 1, [0, 0, 0, 0], [0, 0]));
        Assert.Equal((SubmissionOutcome.Duplicate, before.UploadedBytes), (second.Outcome, after.UploadedBytes));
        await scenario.ExpectWeightsAsync([2, 3, 4, 5, 11, 21]);
    }

    [Fact]
    public async Task Submit_AfterTheRoundClosed_IsLateOrDuplicate()
    {
        var scenario = await OpenAsync(shared.Cluster, "late", nodes: ["n1"]);
        var update = scenario.Update("n1", 1, [0, 0, 0, 0], [0, 0]);
        await scenario.SubmitAsync(update);
        await scenario.EndAsync();
        Assert.Equal(SubmissionOutcome.Duplicate, (await scenario.SubmitAsync(update)).Outcome);
        Assert.Equal(SubmissionOutcome.Late, (await scenario.SubmitAsync(update with { NodeId = "n2" })).Outcome);
    }

    [Fact]
    public async Task OpenRound_Again_KeepsTheSubmissions()
    {
        var scenario = await OpenAsync(shared.Cluster, "open-again");
        await scenario.SubmitAsync(scenario.Update("n1", 1, [0, 0, 0, 0], [0, 0]));
        await scenario.Coordinator.OpenRoundAsync(scenario.Plan, Cancel);
        Assert.True((await scenario.StatusAsync()).UploadedBytes > 0);
    }

    [Fact]
    public async Task OpenRound_WhileAnotherIsOpen_IsRefused()
    {
        var scenario = await OpenAsync(shared.Cluster, "open-two");
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            scenario.Coordinator.OpenRoundAsync(scenario.Plan with { Round = 1 }, Cancel)
        );
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Submit_Malformed_IsRefusedByNameAndTheRoundGoesOn(string fault, string reason)
    {
        string library = "malformed-" + fault.Replace(' ', '-');
        var scenario = await OpenAsync(shared.Cluster, library);
        var good = scenario.Update("n1", 1, [4, 4, 4, 4], [4, 4]);
        var receipt = await scenario.SubmitAsync(Spoil(good, fault));
        Assert.Equal(SubmissionOutcome.Refused, receipt.Outcome);
        Assert.Contains("node n1, round 1: ", receipt.Reason, StringComparison.Ordinal);
        Assert.Contains(reason, receipt.Reason, StringComparison.Ordinal);

        await scenario.SubmitAsync(good);
        await scenario.SubmitAsync(good with { NodeId = "n2" });
        await scenario.ExpectWeightsAsync([5, 6, 7, 8, 14, 24]);
    }

    private static DeltaSubmission Spoil(DeltaSubmission good, string fault)
    {
        BundleTensor a = Part("a", [2, 2], 4, 4, 4, 4),
            b = Part("b", [2], 4, 4);
        byte[] content = good.Tensors.Inline!;
        return fault switch
        {
            "nan" => good with { Tensors = Along(Part("a", [2, 2], 1, float.NaN, 1, 1), b) },
            "infinite" => good with { Tensors = Along(a, Part("b", [2], float.NegativeInfinity, 1)) },
            "wrong shape" => good with { Tensors = Along(Part("a", [4], 1, 1, 1, 1), b) },
            "missing tensor" => good with { Tensors = Along(a) },
            "unknown tensor" => good with { Tensors = Along(a, b, Part("c", [1], 1)) },
            "tensor twice" => good with
            {
                Tensors = Along(
                    WithHeader(content, header => header.Replace("\"b\"", "\"a\"", StringComparison.Ordinal))
                ),
            },
            "header written otherwise" => good with
            {
                Tensors = Along(
                    WithHeader(
                        content,
                        header =>
                            header.Replace(
                                "\"dtype\":\"F32\",\"shape\":[2]",
                                "\"shape\":[2],\"dtype\":\"F32\"",
                                StringComparison.Ordinal
                            )
                    )
                ),
            },
            "short values" => good with { Tensors = Along(content[..^4]) },
            "one factor" => good with { Tensors = Along(Part("a/U", [2, 1], 1, 1), b) },
            "rank too large" => good with
            {
                Tensors = Along(
                    Part("a/U", [2, 3], 1, 1, 1, 1, 1, 1),
                    Part("a/S", [3], 1, 1, 1),
                    Part("a/V", [3, 2], 1, 1, 1, 1, 1, 1),
                    b
                ),
            },
            "low-rank vector" => good with
            {
                Tensors = Along(a, Part("b/U", [2, 1], 1, 1), Part("b/S", [1], 1), Part("b/V", [1, 1], 1)),
            },
            "no safetensors" => good with { Tensors = Along([1, 2, 3]) },
            "other tensors" => good with { Tensors = good.Tensors with { Inline = Along(a).Inline } },
            "nothing stored" => good with
            {
                Tensors = good.Tensors with { Blob = new StoredBlob(WeightDigest.Of([1]), 1), Inline = null },
            },
            "far too large" => good with
            {
                Tensors = good.Tensors with { Blob = good.Tensors.Blob with { Bytes = 1L << 40 } },
            },
            "older program" => good with { Tensors = null! },
            "no samples" => good with { SampleCount = 0 },
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "No such fault."),
        };
    }

    /// <summary>A file with another header of the same length.</summary>
    private static byte[] WithHeader(byte[] content, Func<string, string> change)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(content);
        string header = change(Encoding.ASCII.GetString(content, sizeof(ulong), length)).PadRight(length);
        return
        [
            .. content[..sizeof(ulong)],
            .. Encoding.ASCII.GetBytes(header),
            .. content[(sizeof(ulong) + length)..],
        ];
    }
}
