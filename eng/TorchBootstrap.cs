using System.Runtime.CompilerServices;
using Dmkd.Core.Devices;

/// <summary>
/// Loads libtorch when the program starts, before any TorchSharp type is touched: TorchSharp's own fallback would
/// otherwise
/// copy 480 MB into the output folder. Compiled into every executable and test project by eng/Torch.targets.
/// </summary>
file static class TorchBootstrap
{
#pragma warning disable CA2255 // the one place where code must run before the program's own
    [ModuleInitializer]
    internal static void Initialize()
    {
        try
        {
            TorchRuntime.EnsureLoaded();
        }
        catch (Exception e) when (e is DllNotFoundException or PlatformNotSupportedException)
        {
            Console.Error.WriteLine(e.Message); // nothing of the program runs yet that could turn this into a line
            Environment.Exit(1);
        }
    }
#pragma warning restore CA2255
}
