using Dmkd.Core.Devices;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Tests.Methods;

/// <summary>What every method promises is in <see cref="BaselineCatalogTests"/>.</summary>
public sealed class SequentialFineTuningTests : IDisposable
{
    private static readonly Lazy<Task<MethodResult>> Learned = new(LearnOnceAsync);
    private readonly DeviceWorker _device = new(lanes: 1);

    [Fact]
    public async Task LearnAsync_TwoTasks_GivesLowerTriangularMatrices()
    {
        var result = await Learned.Value;
        Assert.Equal("sequential-fine-tuning", result.Method);
        Assert.Equal([1, 2], result.ClassIncremental.Select(row => row.Length));
        Assert.Equal([1, 2], result.TaskIncremental.Select(row => row.Length));
        // pooled data: nothing is sent
        Assert.Equal((0L, 0L, 0L), (result.BytesUp, result.BytesDown, result.DenseBytes));
        Assert.Equal(9 * 3 * 8 + 16 + 9 * 8 * 8 + 16 + 9 * 4, result.Parameters);
        Assert.True(result.DeviceSeconds > 0);
    }

    [Fact]
    public async Task LearnAsync_EarlierTask_IsForgottenWithoutItsTaskIdAndKnownWithIt()
    {
        var result = await Learned.Value;
        Assert.Equal(1, result.ClassIncremental[0][0]);
        Assert.Equal([0.0, 1.0], result.ClassIncremental[1]); // it answers with the newest classes only
        Assert.Equal([1.0, 1.0], result.TaskIncremental[1]);
        Assert.Equal(1, result.Forgetting);
        Assert.Equal((0.5, 1.0, 0.5), (result.FinalAccuracy, result.TaskIncrementalAccuracy, result.TaskDetectionRate));
    }

    [Fact]
    public async Task LearnAsync_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new SequentialFineTuning(_device).LearnAsync(TinyProblem.Create(), _ => source.Cancel(), source.Token)
        );
    }

    public void Dispose() => _device.Dispose();

    private static async Task<MethodResult> LearnOnceAsync()
    {
        using var device = new DeviceWorker(lanes: 1);
        return await LearnAsync(device);
    }

    private static Task<MethodResult> LearnAsync(DeviceWorker device) =>
        new SequentialFineTuning(device).LearnAsync(
            TinyProblem.Create(),
            _ => { },
            TestContext.Current.CancellationToken
        );
}
