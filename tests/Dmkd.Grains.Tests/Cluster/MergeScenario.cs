using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>A module of six integer weights with an open round, whose updates a test makes by hand.</summary>
internal sealed class MergeScenario
{
    private static readonly float[] BaseA = [1, 2, 3, 4],
        BaseB = [10, 20];
    private readonly DmkdCluster _cluster;
    private readonly ModuleDescriptor _descriptor;

    private MergeScenario(DmkdCluster cluster, string library)
    {
        _cluster = cluster;
        _descriptor = Examples.Descriptor(library);
        Coordinator = cluster.Grains.GetGrain<IMergeCoordinatorGrain>(_descriptor.Key);
    }

    public IMergeCoordinatorGrain Coordinator { get; }

    public MergeRoundPlan Plan { get; private set; } = Examples.Plan();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IWeightStore Store => _cluster.Services.GetRequiredService<IWeightStore>();

    /// <summary>Creates the module and opens round 0 for some nodes.</summary>
    public static async Task<MergeScenario> OpenAsync(
        DmkdCluster cluster,
        string library,
        string rule = "weighted",
        int quorum = 1,
        TimeSpan? wait = null,
        string? trace = null,
        params string[] nodes
    )
    {
        var scenario = new MergeScenario(cluster, library);
        byte[] content = Weights.Encode(BaseA, BaseB);
        var first = Examples.Version(1, await scenario.Store.PutAsync(content, Cancel)) with { Bytes = content.Length };
        await cluster
            .Grains.GetGrain<IExpertModuleGrain>(scenario._descriptor.Key)
            .CreateAsync(scenario._descriptor, first, Cancel);
        scenario.Plan = new MergeRoundPlan
        {
            RunId = library,
            Round = 0,
            Base = first,
            Participants = nodes.Length > 0 ? nodes : ["n1", "n2"],
            Quorum = quorum,
            Wait = wait ?? TimeSpan.FromDays(1),
            Options = new MergeOptions { Rule = rule },
            Trace = trace,
        };
        await scenario.Coordinator.OpenRoundAsync(scenario.Plan, Cancel);
        return scenario;
    }

    /// <summary>A well-formed update.</summary>
    public DeltaSubmission Update(string node, long samples, float[] a, float[] b) =>
        new()
        {
            RunId = Plan.RunId,
            Round = 0,
            NodeId = node,
            BaseVersion = 1,
            SampleCount = samples,
            Tensors = Along(Part("a", [2, 2], a), Part("b", [2], b)),
        };

    /// <summary>Tensors that come along with a message.</summary>
    public static TensorReference Along(params BundleTensor[] parts) => Along(TensorBundle.Write(parts));

    /// <summary>Bytes that come along with a message.</summary>
    public static TensorReference Along(byte[] content) =>
        new() { Blob = new StoredBlob(WeightDigest.Of(content), content.Length), Inline = content };

    public static BundleTensor Part(string name, long[] shape, params float[] values) =>
        new(name, TorchSharp.torch.ScalarType.Float32, shape, Weights.Bytes(values));

    public Task<SubmissionReceipt> SubmitAsync(DeltaSubmission submission) =>
        Coordinator.SubmitAsync(submission, Cancel);

    public Task<MergeRoundStatus> StatusAsync() => Coordinator.GetRoundAsync(Plan.RunId, 0, Cancel);

    /// <summary>Waits until the round is closed or failed.</summary>
    public async Task<MergeRoundStatus> EndAsync()
    {
        await DmkdCluster.UntilAsync(
            async () => (await StatusAsync()).Phase is MergePhase.Closed or MergePhase.Rejected or MergePhase.Failed,
            "the end of the round"
        );
        return await StatusAsync();
    }

    /// <summary>Waits for the end of the round and compares the merged weights, a and then b, exactly.</summary>
    public async Task ExpectWeightsAsync(float[] expected)
    {
        byte[] content = await Store.GetAsync((await EndAsync()).Result!.Digest, Cancel);
        float[] actual = [.. Weights.Decode(content, "a"), .. Weights.Decode(content, "b")];
        Assert.Equal(expected, actual);
    }
}
