using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dmkd.Grains.Tests.Storage;

public sealed class RetryingWeightStoreTests
{
    private static readonly byte[] Content = [1, 2, 3];
    private readonly FakeTimeProvider _clock = new();
    private readonly StoreOutages _outages = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public async Task Put_StoreTakesNothingForAWhile_IsStoredThen(int refusals)
    {
        var store = new FullStore(refusals);
        Assert.Equal("stored", await AfterWaitsAsync(Retrying(store).PutAsync(Content, Cancel)));
        Assert.Equal(refusals + 1, store.Calls);
    }

    [Fact]
    public async Task Put_StoreTakesNothingForTooLong_IsRefusedWithItsProblem()
    {
        var store = new FullStore(int.MaxValue);
        var start = _clock.GetUtcNow();
        var problem = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            AfterWaitsAsync(Retrying(store).PutAsync(Content, Cancel))
        );
        Assert.Contains("no room", problem.Message, StringComparison.Ordinal);
        Assert.InRange(
            _clock.GetUtcNow() - start,
            RetryingWeightStore.MaxWait,
            RetryingWeightStore.MaxWait + TimeSpan.FromSeconds(10)
        );
    }

    [Fact]
    public async Task Put_WhileTheStoreTakesNothing_SaysWhatIsWaitedFor()
    {
        Assert.Null(_outages.Current);
        var put = Retrying(new FullStore(2)).PutAsync(Content, Cancel);
        Assert.Equal("There is no room.", _outages.Current);
        await AfterWaitsAsync(put);
        Assert.Null(_outages.Current);
    }

    [Fact]
    public async Task Put_CancelledWhileItWaits_Ends()
    {
        using var cancelled = new CancellationTokenSource();
        var put = Retrying(new FullStore(int.MaxValue)).PutAsync(Content, cancelled.Token);
        Assert.False(put.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
    }

    private RetryingWeightStore Retrying(IWeightStore store) =>
        new(store, _clock, _outages, NullLogger<RetryingWeightStore>.Instance);

    private async Task<string> AfterWaitsAsync(Task<string> put)
    {
        while (!put.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return await put;
    }

    private sealed class FullStore(int refusals) : IWeightStore
    {
        public int Calls { get; private set; }

        public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
            Calls++ < refusals ? throw new StoreUnavailableException("There is no room.") : Task.FromResult("stored");

        public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default) =>
            throw new WeightStoreException("Nothing is stored.");
    }
}
