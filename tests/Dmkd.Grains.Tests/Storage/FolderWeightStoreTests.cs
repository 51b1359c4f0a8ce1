using System.Runtime.Versioning;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Tests.Storage;

public sealed class FolderWeightStoreTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
    private readonly TemporaryFolder _folder = new();
    private readonly FolderWeightStore _store;

    public FolderWeightStoreTests() => _store = new FolderWeightStore(_folder.Path);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task Get_AfterPut_ReturnsTheBytes(int length)
    {
        string digest = await _store.PutAsync(Content.AsMemory(0, length), Cancel);
        Assert.Equal(Content[..length], await _store.GetAsync(digest, Cancel));
    }

    [Fact, SupportedOSPlatform("linux")]
    public async Task Home_ItsFolderDatabaseAndWeights_AreForTheirOwnerAlone()
    {
        const UnixFileMode file = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            everybody = file | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        var home = new SiloStorageOptions(Path.Combine(_folder.Path, "home"));
        home.MakeHome();
        Assert.Equal(file | UnixFileMode.UserExecute, File.GetUnixFileMode(home.Home));
        OwnerOnly.File(home.DatabasePath);
        Assert.Equal(file, File.GetUnixFileMode(home.DatabasePath));
        File.SetUnixFileMode(home.Home, everybody);
        File.SetUnixFileMode(home.DatabasePath, everybody); // as an earlier version left them
        home.MakeHome();
        Assert.Equal(file | UnixFileMode.UserExecute, File.GetUnixFileMode(home.Home));
        Assert.Equal(
            file | UnixFileMode.UserExecute,
            File.GetUnixFileMode(home.DatabasePath) | UnixFileMode.UserExecute
        );
        var store = new FolderWeightStore(home.WeightsPath, isPrivate: true);
        string digest = await store.PutAsync(Content, Cancel);
        string path = Assert.Single(
            Directory.EnumerateFiles(home.WeightsPath, digest["sha256:".Length..], SearchOption.AllDirectories)
        );
        Assert.Equal(file, File.GetUnixFileMode(path));
    }

    [Fact, SupportedOSPlatform("linux")]
    public void MakeHome_FolderOfSomethingElse_StaysAsItIs()
    {
        const UnixFileMode everybody =
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead;
        File.SetUnixFileMode(_folder.Path, everybody);
        new SiloStorageOptions(_folder.Path).MakeHome();
        Assert.Equal(everybody, File.GetUnixFileMode(_folder.Path));
    }

    [Fact]
    public async Task Get_FromAStoreOpenedLater_ReturnsTheBytes()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        Assert.Equal(Content, await new FolderWeightStore(_folder.Path).GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Put_SameContentTwice_LeavesOneFile()
    {
        string first = await _store.PutAsync(Content, Cancel),
            second = await _store.PutAsync(Content, Cancel);
        Assert.Equal(first, second);
        Assert.Single(Files());
    }

    [Fact]
    public async Task Put_SameContentAtTheSameTime_LeavesOneFile()
    {
        string[] digests = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => _store.PutAsync(Content, Cancel)))
        );
        Assert.Single(digests.Distinct());
        Assert.Single(Files());
    }

    [Fact]
    public async Task Get_OneBitFlipped_NamesTheDigest()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        byte[] damaged = [.. Content];
        damaged[500] ^= 1;
        await File.WriteAllBytesAsync(Assert.Single(Files()), damaged, Cancel);
        var error = await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
        Assert.Contains($"Weights {digest}", error.Message, StringComparison.Ordinal);
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Put_AfterDamageWasNoticed_MakesTheBlobWholeAgain()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        await File.WriteAllBytesAsync(Assert.Single(Files()), Content[..999], Cancel);
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
        await _store.PutAsync(Content, Cancel);
        Assert.Equal(Content, await _store.GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Put_OverDamageThatNobodyNoticed_MakesTheBlobWholeAgain()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        await File.WriteAllBytesAsync(Assert.Single(Files()), Content[..999], Cancel);
        await _store.PutAsync(Content, Cancel);
        Assert.Equal(Content, await _store.GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Get_AgainAfterDamageWasNoticed_StillSaysDamaged()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        await File.WriteAllBytesAsync(Assert.Single(Files()), Content[..999], Cancel);
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
        var error = await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_CutShort_IsRefused()
    {
        string digest = await _store.PutAsync(Content, Cancel);
        await File.WriteAllBytesAsync(Assert.Single(Files()), Content[..999], Cancel);
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Get_Missing_NamesTheDigest()
    {
        string digest = "sha256:" + new string('0', 64);
        var error = await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
        Assert.Contains(digest, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:12")]
    [InlineData("md5:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../etc/passwd")]
    [InlineData("sha256:ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    public async Task Get_NoDigest_SaysWhatADigestLooksLike(string digest)
    {
        var error = await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(digest, Cancel));
        Assert.Contains("expected sha256: and 64 lower-case", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Put_BesideALeftoverOfACrash_Works()
    {
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, "half.tmp"), Content[..10], Cancel);
        string digest = await _store.PutAsync(Content, Cancel);
        Assert.Equal(Content, await _store.GetAsync(digest, Cancel));
    }

    public void Dispose() => _folder.Dispose();

    private string[] Files() => Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);
}
