using Dmkd.Core.Tensors;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Tests.Storage;

public sealed class CachedWeightStoreTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
    private readonly TemporaryFolder _folder = new();
    private readonly WeightCache _cache = new(maxBytes: 400);
    private readonly CachedWeightStore _store;

    public CachedWeightStoreTests() => _store = new CachedWeightStore(new FolderWeightStore(_folder.Path), _cache);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task GetShared_ASecondTime_DoesNotReadTheFile()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        var first = await _store.GetSharedAsync(digest, Cancel);
        File.Delete(Assert.Single(Files()));
        var second = await _store.GetSharedAsync(digest, Cancel);
        Assert.Equal(Content, second.ToArray());
        Assert.True(first.Equals(second), "both are the same bytes in memory");
    }

    [Fact]
    public async Task Get_OfKeptBytes_ReadsTheFileAllTheSame()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        await _store.GetSharedAsync(digest, Cancel);
        Damage(Assert.Single(Files()));
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task GetShared_OfADamagedFile_IsRefusedAndNotKept()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        Damage(Assert.Single(Files()));
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetSharedAsync(digest, Cancel));
        Assert.Equal(0, _cache.Bytes);
        await _store.PutAsync(Content, Cancel);
        Assert.Equal(Content, (await _store.GetSharedAsync(digest, Cancel)).ToArray());
    }

    [Fact]
    public async Task Put_BytesThatTheCallerChangesLater_AreNotWhatOthersGet()
    {
        byte[] own = [.. Content];
        string digest = await _store.PutAsync(own, Cancel);
        own[0]++;
        Assert.Equal(Content, (await _store.GetSharedAsync(digest, Cancel)).ToArray());
    }

    [Fact]
    public async Task GetShared_ManyAtTheSameTime_ReadOnce()
    {
        var slow = new HeldStore();
        var store = new CachedWeightStore(slow, _cache);
        using var impatient = new CancellationTokenSource();
        var given = store.GetSharedAsync("one", impatient.Token);
        Task<ReadOnlyMemory<byte>>[] waiting =
        [
            .. Enumerable.Range(0, 8).Select(_ => store.GetSharedAsync("one", Cancel)),
        ];
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        slow.Release.SetResult(Content);
        foreach (var content in await Task.WhenAll(waiting))
            Assert.Equal(Content, content.ToArray());
        Assert.Equal(1, slow.Reads);
    }

    [Fact]
    public async Task GetShared_AfterAFailedReading_TriesAgain()
    {
        string digest = WeightDigest.Of(Content);
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetSharedAsync(digest, Cancel));
        await _store.PutAsync(Content, Cancel);
        Assert.Equal(Content, (await _store.GetSharedAsync(digest, Cancel)).ToArray());
    }

    [Fact]
    public async Task Remove_OfKeptBytes_LetsGoOfThem()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        await _store.GetSharedAsync(digest, Cancel);
        var later = TimeProvider.System.GetUtcNow().AddDays(1);
        Assert.Equal(Content.Length, await _store.RemoveAsync(digest, later, isDryRun: true, Cancel));
        Assert.Equal(Content.Length, _cache.Bytes);
        Assert.Equal(Content.Length, await _store.RemoveAsync(digest, later, isDryRun: false, Cancel));
        Assert.Equal(0, _cache.Bytes);
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetSharedAsync(digest, Cancel));
    }

    [Fact]
    public void Keep_MoreThanItsBound_LetsGoOfTheOneNotAskedForLongest()
    {
        foreach (string name in (string[])["a", "b", "c", "d"])
            _cache.Keep(name, Content);
        Assert.NotNull(_cache.Find("a"));
        _cache.Keep("e", Content);
        Assert.Equal(400, _cache.Bytes);
        Assert.Null(_cache.Find("b"));
        Assert.All(["a", "c", "d", "e"], name => Assert.NotNull(_cache.Find(name)));
    }

    [Fact]
    public void Keep_MoreThanAQuarterOfItsBound_IsNotKept()
    {
        _cache.Keep("small", Content);
        _cache.Keep("large", new byte[101]);
        Assert.Null(_cache.Find("large"));
        Assert.NotNull(_cache.Find("small"));
    }

    [Fact]
    public void Keep_Twice_CountsOnce()
    {
        _cache.Keep("a", Content);
        _cache.Keep("a", Content);
        Assert.Equal(Content.Length, _cache.Bytes);
    }

    private static void Damage(string path)
    {
        byte[] damaged = File.ReadAllBytes(path);
        damaged[50] ^= 1;
        File.WriteAllBytes(path, damaged);
    }

    private string[] Files() => Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);

    private sealed class HeldStore : IWeightStore
    {
        private int _reads;

        public TaskCompletionSource<byte[]> Release { get; } = new();

        public int Reads => _reads;

        public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _reads);
            return Release.Task;
        }
    }
}
