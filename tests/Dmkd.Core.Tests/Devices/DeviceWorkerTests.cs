using System.Collections.Concurrent;
using Dmkd.Core.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Devices;

public sealed class DeviceWorkerTests : IDisposable
{
    private readonly DeviceWorker _worker = new(lanes: 1, queueCapacity: 2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _worker.Dispose();

    [Fact]
    public async Task RunAsync_Result_ReachesTheCaller()
    {
        float sum = await _worker.RunAsync(job => ones(3, device: job.Device).sum().item<float>(), Token);
        Assert.Equal(3, sum);
    }

    [Fact]
    public async Task RunAsync_Exception_ReachesTheCallerAndTheLaneLivesOn()
    {
        var error = await Assert.ThrowsAsync<FormatException>(() =>
            _worker.RunAsync<int>(_ => throw new FormatException("mine"), Token)
        );
        Assert.Equal("mine", error.Message);
        Assert.Equal(1, await _worker.RunAsync(_ => 1, Token));
    }

    [Fact]
    public async Task RunAsync_TorchError_ReachesTheCaller()
    {
        await Assert.ThrowsAnyAsync<Exception>(() =>
            _worker.RunAsync(_ => ones(2, 3).mm(ones(2, 3)).item<float>(), Token)
        );
        Assert.Equal(1, await _worker.RunAsync(_ => 1, Token));
    }

    [Fact]
    public async Task RunAsync_MoreMemoryThanThereIs_IsRefusedWithTheSizeAndTheLaneLivesOn()
    {
        const long Absurd = 1L << 46; // 256 TiB as float32: no machine has it
        var error = await Assert.ThrowsAsync<DeviceMemoryException>(() =>
            _worker.RunAsync(_ => empty(Absurd).sum().item<float>(), Token)
        );
        Assert.StartsWith(
            $"the device cpu has no memory for the work: it could not give {4 * Absurd} bytes more. Use a smaller --batch-size",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(1, await _worker.RunAsync(_ => 1, Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task RunAsync_ScopeLeftOpen_IsReportedAndRepaired(int scopes)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _worker.RunAsync(_ => LeaveScopesOpen(scopes), Token)
        );
        Assert.Contains("a dispose scope open", error.Message, StringComparison.Ordinal);
        Assert.True(await _worker.RunAsync(_ => true, Token)); // and the next job is not blamed
    }

    [Fact]
    public async Task RunAsync_GradientsLeftOff_IsReportedAndRepaired()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _worker.RunAsync(_ => LeaveGradientsOff(), Token)
        );
        Assert.Contains("gradients off", error.Message, StringComparison.Ordinal);
        Assert.True(await _worker.RunAsync(_ => is_grad_enabled(), Token));
    }

    [Fact]
    public async Task RunAsync_FailingJobThatLeavesAMess_IsRepaired()
    {
        await Assert.ThrowsAsync<FormatException>(() =>
            _worker.RunAsync<int>(_ => throw new FormatException($"{LeaveScopesOpen(1)}{LeaveGradientsOff()}"), Token)
        );
        Assert.True(await _worker.RunAsync(_ => is_grad_enabled(), Token));
    }

    [Fact]
    public async Task RunAsync_CancelledBeforeStart_NeverRuns()
    {
        using var gate = new Gate();
        using var cancellation = new CancellationTokenSource();
        var blocker = gate.Block(_worker);
        bool ran = false;
        var waiting = _worker.RunAsync(_ => ran = true, cancellation.Token);
        await cancellation.CancelAsync();
        gate.Open();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await blocker;
        Assert.False(ran);
    }

    [Fact]
    public async Task RunAsync_CancelledWhileRunning_EndsWhenTheJobLooks()
    {
        using var cancellation = new CancellationTokenSource();
        var running = _worker.RunAsync(
            job =>
            {
                cancellation.Cancel();
                job.CancellationToken.ThrowIfCancellationRequested();
                return 0;
            },
            cancellation.Token
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(1, await _worker.RunAsync(_ => 1, Token));
    }

    [Fact]
    public async Task RunAsync_KeptTensor_SurvivesTheScope()
    {
        var (kept, lost) = await _worker.RunAsync(job => (job.Keep(ones(2)), ones(2)), Token);
        Assert.True(lost.IsInvalid);
        Assert.Equal(2, kept.sum().item<float>());
        kept.Dispose();
    }

    [Fact]
    public async Task RunAsync_KeptModule_SurvivesTheScope()
    {
        using var module = await _worker.RunAsync(job => job.Keep(nn.BatchNorm1d(3)), Token);
        Assert.Equal(3, module.weight.sum().item<float>());
        Assert.Equal(3, module.running_var!.sum().item<float>());
    }

    [Fact]
    public async Task RunAsync_QueueFull_MakesTheCallerWait()
    {
        using var gate = new Gate();
        List<Task> tasks = [gate.Block(_worker)];
        for (int i = 0; i < 3; i++)
            tasks.Add(_worker.RunAsync(_ => 0, Token));
        Assert.Equal(2, _worker.QueueLength); // the third is not queued: its caller waits for room
        gate.Open();
        await Task.WhenAll(tasks);
    }

    [Fact]
    public async Task RunAsync_ManyJobs_RunOnLaneThreadsWithOneTorchThread()
    {
        using var worker = new DeviceWorker(lanes: 2);
        var threads = new ConcurrentDictionary<(string? Name, int TorchThreads), bool>();
        await Task.WhenAll(
            Enumerable
                .Range(0, 40)
                .Select(_ =>
                    worker.RunAsync(_ => threads[(Thread.CurrentThread.Name, get_num_threads())] = true, Token)
                )
        );
        Assert.InRange(threads.Count, 1, 2);
        Assert.All(threads.Keys, thread => Assert.StartsWith("dmkd-lane-cpu-", thread.Name, StringComparison.Ordinal));
        Assert.All(threads.Keys, thread => Assert.Equal(1, thread.TorchThreads));
    }

    [Fact]
    public async Task RunAsync_500Jobs_LeaveTheLiveTensorCountFlat()
    {
        List<long> counts = [];
        for (int i = 0; i < 500; i++)
        {
            counts.Add(
                await _worker.RunAsync(
                    _ =>
                    {
                        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                        var x = ones([4, 4], requires_grad: true);
                        (x.mm(x) + 1).sum().backward();
                        return live;
                    },
                    Token
                )
            );
        }

        Assert.Equal([counts[0]], counts.Distinct());
    }

    [Fact]
    public async Task BusyTime_AfterAJob_CoversIt()
    {
        var elapsed = await _worker.RunAsync(
            job =>
            {
                randn(200, 200).mm(randn(200, 200)).Dispose();
                return job.Elapsed;
            },
            Token
        );
        await _worker.RunAsync(_ => 0, Token); // the same lane: the first job's time is booked by now
        Assert.True(elapsed > TimeSpan.Zero);
        Assert.True(_worker.BusyTime >= elapsed);
    }

    [Fact]
    public async Task Dispose_QueuedJobs_AreFinished()
    {
        var worker = new DeviceWorker(lanes: 1);
        var results = Enumerable.Range(0, 20).Select(i => worker.RunAsync(_ => i, Token)).ToList();
        worker.Dispose();
        Assert.Equal(Enumerable.Range(0, 20), await Task.WhenAll(results));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void Constructor_NumberBelowOne_IsRefused(int lanes, int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new DeviceWorker(lanes: lanes, queueCapacity: capacity).Dispose()
        );

    private static int LeaveScopesOpen(int count)
    {
        for (int i = 0; i < count; i++)
            _ = NewDisposeScope();
        return count;
    }

    private static int LeaveGradientsOff()
    {
        _ = no_grad();
        return 0;
    }

    /// <summary>Holds a lane until opened.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _started = new(),
            _open = new();

        public Task<int> Block(DeviceWorker worker)
        {
            var job = worker.RunAsync(_ =>
            {
                _started.Set();
                _open.Wait();
                return 0;
            });
            _started.Wait();
            return job;
        }

        public void Open() => _open.Set();

        public void Dispose()
        {
            _started.Dispose();
            _open.Dispose();
        }
    }
}
