using System.Runtime.InteropServices;
using Dmkd.Core.Devices;

namespace Dmkd.Core.Tests.Devices;

public class CacheMendTests
{
    [Fact]
    public void BuildId_OfTheLibtorchInUse_IsKnown() =>
        Assert.True(CacheMend.IsKnown(ElfFile.BuildIdOf(TorchRuntime.Processors().Path)));

    [Fact]
    public void Apply_ThisProcess_FindsTheRecord()
    {
        var (library, path) = TorchRuntime.Processors();
        Assert.NotEqual(CacheMendResult.NotFound, CacheMend.Apply(library, path));
        Assert.Equal(CacheMendResult.LeftAlone, CacheMend.Apply(library, path)); // once is enough
    }

    [Fact]
    public void AddressesOf_ExportedSymbols_LieAsFarApartAsInMemory()
    {
        var (library, path) = TorchRuntime.Processors();
        const string Other = "_ZN2at18get_mkldnn_versionB5cxx11Ev";
        var addresses = ElfFile.AddressesOf(path, [OneDnn.GlobalContext, Other, "no_such_symbol"]);
        Assert.Equal(2, addresses.Count);
        nint inMemory =
            NativeLibrary.GetExport(library, Other) - NativeLibrary.GetExport(library, OneDnn.GlobalContext);
        Assert.Equal(inMemory, addresses[Other] - addresses[OneDnn.GlobalContext]);
    }

    [Fact]
    public void BuildIdOf_FileThatIsNoLibrary_IsNull()
    {
        string text = Path.GetTempFileName();
        try
        {
            File.WriteAllText(text, "\x7f" + "ELF, but not really");
            Assert.Null(ElfFile.BuildIdOf(text));
            Assert.Empty(ElfFile.AddressesOf(text, [OneDnn.GlobalContext]));
        }
        finally
        {
            File.Delete(text);
        }
    }

    [Fact]
    public void TryDisableNnpack_OfTheLibtorchInUse_HasTheSwitch() =>
        Assert.True(OneDnn.TryDisableNnpack(TorchRuntime.Processors().Handle));

    [Fact]
    public void OneDnnVersion_OfTheLibtorchInUse_HasANumber() =>
        Assert.Matches(@"v\d+\.\d+\.\d+", TorchRuntime.OneDnnVersion());
}
