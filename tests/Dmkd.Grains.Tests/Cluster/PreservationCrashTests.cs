using Dmkd.Contracts.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Grains.Preservation;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A preservation that something stopped ends, once resumed, with the digests of one that nothing stopped.
/// </summary>
public sealed class PreservationCrashTests(PreservedLibrary uninterrupted) : IClassFixture<PreservedLibrary>
{
    public static TheoryData<string> Points =>
        [.. PreservedLibrary.CrashPoints.Keys.Where(point => point != PreservedLibrary.ForALoss)];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Resume_AfterAPowerCut_DecidesTheSame(string crashPoint)
    {
        await using var cluster = await DmkdCluster.StartAsync(uninterrupted.FolderAt(crashPoint));
        Assert.Equal(uninterrupted.Outcome, await ResumeAsync(cluster));
    }

    [Fact]
    public async Task Resume_AfterTheHostWasAskedToStop_DecidesTheSame()
    {
        using var folder = new TemporaryFolder();
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var probe = new StorageProbe
        {
            BeforeWrite = state =>
            {
                if (
                    state is PreservationState { Stage: PreservationStage.Distil } distilling
                    && distilling.Modules.Count(module => module.Digest is not null) == 2
                )
                    second.TrySetResult();
                return Task.CompletedTask;
            },
        };
        await using (var cluster = await DmkdCluster.StartAsync(folder.Path, configure: probe.Attach))
        {
            byte[] legacy = Preservations.Legacy();
            await StoreOf(cluster).PutAsync(legacy, Cancel);
            await cluster
                .Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name)
                .StartAsync(Preservations.RequestOf(legacy), Cancel);
            await second.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        }

        await using var later = await DmkdCluster.StartAsync(folder.Path);
        Assert.Equal(uninterrupted.Outcome, await ResumeAsync(later));
    }

    [Fact]
    public async Task Resume_AfterAFailureWhoseCauseIsGone_DecidesTheSame()
    {
        byte[] legacy = Preservations.Legacy();
        string digest = WeightDigest.Of(legacy),
            folder = uninterrupted.FolderAt(PreservedLibrary.ForALoss);
        File.Delete(Assert.Single(Directory.GetFiles(folder, digest["sha256:".Length..], SearchOption.AllDirectories)));
        await using var cluster = await DmkdCluster.StartAsync(folder);
        await cluster.Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name).ResumeAsync(Cancel);
        var failed = await cluster.EndAsync(PreservedLibrary.Name);
        Assert.StartsWith($"Stage Distil: Weights {digest} are not in", failed.Error, StringComparison.Ordinal);

        await StoreOf(cluster).PutAsync(legacy, Cancel);
        Assert.Equal(uninterrupted.Outcome, await ResumeAsync(cluster));
    }

    [Fact]
    public async Task Resume_WhileTheFailureIsBeingStored_GoesOn()
    {
        var failing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var probe = new StorageProbe
        {
            BeforeWrite = state =>
            {
                if (state is not PreservationState { Stage: PreservationStage.Failed })
                    return Task.CompletedTask;
                failing.TrySetResult();
                return release.Task;
            },
        };
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path, configure: probe.Attach);
        byte[] legacy = Preservations.Legacy();
        var preservation = cluster.Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name);
        await preservation.StartAsync(Preservations.RequestOf(legacy), Cancel);
        await failing.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancel);

        await StoreOf(cluster).PutAsync(legacy, Cancel);
        var resumed = preservation.ResumeAsync(Cancel);
        await preservation.GetProgressAsync(0, Cancel); // sent later, answered meanwhile: the resumption is at work
        release.SetResult();
        await resumed;
        Assert.Equal(
            uninterrupted.Outcome,
            await cluster.OutcomeAsync(await cluster.PreservedAsync(PreservedLibrary.Name))
        );
    }

    private static IWeightStore StoreOf(DmkdCluster cluster) => cluster.Services.GetRequiredService<IWeightStore>();

    private static async Task<string> ResumeAsync(DmkdCluster cluster)
    {
        await cluster.Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name).ResumeAsync(Cancel);
        return await cluster.OutcomeAsync(await cluster.PreservedAsync(PreservedLibrary.Name));
    }
}
