using System.Diagnostics;
using Dmkd.Core.Devices;

namespace Dmkd.Core.Tests.Devices;

/// <summary>
/// The reason for dispose scopes and the scalar guard (docs/adr/0003): without either, the collector frees what native
/// code still reads, and the process dies within a minute of ordinary use.
/// </summary>
public class GarbageCollectionStressTests
{
    // beyond ScalarGuard.ReleaseDelay, so that late releases happen too
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(13);

    [Fact, Trait("Category", "Stress")]
    public async Task Training_UnderForcedCollections_KeepsWorking()
    {
        using var worker = new DeviceWorker(lanes: 1);
        var watch = Stopwatch.StartNew();
        var training = worker.RunAsync(
            _ => TinyTraining.Run(1, _ => watch.Elapsed < Duration),
            TestContext.Current.CancellationToken
        );
        int collections = 0;
        var collector = new Thread(() =>
        {
            for (; !training.IsCompleted; collections++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        var (steps, loss, _) = await training;
        collector.Join();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{collections} forced collections, {steps} steps, loss {loss:f3}, {ScalarGuard.DeferredCount} scalars released late"
        );
        Assert.True(float.IsFinite(loss));
        Assert.InRange(steps, 100, int.MaxValue);
        Assert.InRange(collections, 50, int.MaxValue);
    }
}
