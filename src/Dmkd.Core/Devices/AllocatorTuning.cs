using System.Runtime.InteropServices;

namespace Dmkd.Core.Devices;

/// <summary>
/// Tells the C allocator to keep freed blocks. Training frees and takes the same few large tensors every step; by default each
/// goes back to the kernel and is faulted in again, which cost 1.2 to 1.6 times the step time here (docs/adr/0002).
/// </summary>
internal static partial class AllocatorTuning
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;
    private const int LargeBlockBytes = 1 << 30;
    private const int PadBytes = 64 << 20;

    /// <summary>Applies the settings; without effect on C libraries that have none.</summary>
    public static void KeepFreedBlocks()
    {
        try
        {
            _ = MallOpt(MapThreshold, LargeBlockBytes);
            _ = MallOpt(TrimThreshold, LargeBlockBytes);
            _ = MallOpt(TopPad, PadBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // musl and others have no mallopt: slower, but right
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
