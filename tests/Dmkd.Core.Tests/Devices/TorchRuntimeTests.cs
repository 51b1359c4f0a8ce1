using Dmkd.Core.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Devices;

public class TorchRuntimeTests
{
    [Fact]
    public void EnsureLoaded_Twice_ReportsTheOneLoad()
    {
        var info = TorchRuntime.EnsureLoaded();
        Assert.Same(info, TorchRuntime.EnsureLoaded());
        Assert.StartsWith("2.10", info.Version, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(info.TorchDirectory, "libtorch_cpu.so")));
        Assert.True(info.LoadTime > TimeSpan.Zero);
        TestContext.Current.TestOutputHelper?.WriteLine(info.ToString());
    }

    [Fact]
    public void EnsureLoaded_ThisMachine_InstallsTheScalarGuard() =>
        Assert.True(TorchRuntime.EnsureLoaded().ScalarGuardInstalled);

    [Fact]
    public void ScalarGuard_DisposedScalar_IsReleasedLater()
    {
        long before = ScalarGuard.DeferredCount;
        using (1.5.ToScalar()) { }

        Assert.True(ScalarGuard.DeferredCount > before);
    }

    [Fact]
    public void EnsureLoaded_NoCopyOfLibtorch_LandsBesideTheTests() =>
        Assert.Empty(Directory.GetFiles(AppContext.BaseDirectory, "libtorch*"));

    [Fact]
    public void LiveTensors_ForgottenTensor_IsCounted()
    {
        Tensor? forgotten = null;
        Assert.Equal(1, LiveTensors.Change(() => forgotten = zeros(1)));
        forgotten!.Dispose();
    }
}
