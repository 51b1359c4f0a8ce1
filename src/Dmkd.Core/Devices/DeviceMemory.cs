using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using TorchSharp;

namespace Dmkd.Core.Devices;

/// <summary>Tells a lack of memory from other failures of libtorch, which has no type of its own for it.</summary>
internal static partial class DeviceMemory
{
    /// <summary>The failure as a lack of memory, when it is one; else as it is.</summary>
    /// <param name="exception">What a job threw.</param>
    /// <param name="device">The job's device.</param>
    public static Exception Explain(Exception exception, torch.Device device)
    {
        if (exception is not (ExternalException or OutOfMemoryException) || !IsLack(exception))
            return exception;
        var asked = Asked().Match(exception.Message);
        string size = asked.Success ? $"{asked.Groups[1].Value} more" : "what it needs";
        return new DeviceMemoryException(
            $"the device {device} has no memory for the work: it could not give {size}. Use a smaller "
                + $"--batch-size or --image-size, or a silo with more memory",
            exception
        );
    }

    private static bool IsLack(Exception exception) =>
        exception is OutOfMemoryException || Lack().IsMatch(exception.Message);

    // "DefaultCPUAllocator: can't allocate memory: you tried to allocate 17 bytes", "not enough memory: you tried ...",
    // "CUDA out of memory. Tried to allocate 2.00 GiB".
    [GeneratedRegex(
        "can't allocate memory|not enough memory|out of memory",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Lack();

    [GeneratedRegex(
        @"tried to allocate (\d+(?:\.\d+)? (?:bytes|[KMGT]iB))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Asked();
}

/// <summary>
/// A device has no memory for a job. The job is refused; its lane, and the process, live on. The message is one line
/// for a person.
/// </summary>
public sealed class DeviceMemoryException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// Tells the C allocator to keep freed blocks. Training frees and takes the same few large tensors every step; by
/// default each goes back to the kernel and is faulted in again, which cost 1.2 to 1.6 times the step time here
/// (docs/adr/0002).
/// </summary>
internal static partial class AllocatorTuning
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;
    private const int MaxArenas = -8;
    private const int LargeBlockBytes = 1 << 30;
    private const int PadBytes = 64 << 20;

    /// <summary>Applies the settings; without effect on C libraries that have none.</summary>
    public static void KeepFreedBlocks()
    {
        try
        {
            // Blocks that are kept are kept by arena: of eight arenas a processor, as by default, each keeps its own.
            _ = MallOpt(MaxArenas, Environment.ProcessorCount);
            _ = MallOpt(MapThreshold, LargeBlockBytes);
            _ = MallOpt(TrimThreshold, LargeBlockBytes);
            _ = MallOpt(TopPad, PadBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // musl and others have no mallopt: slower, but right
        }
    }

    /// <summary>
    /// Gives what is free back to the kernel. Each thread's arena keeps what its jobs needed at most; between long jobs
    /// that is memory for nothing, and taking it again costs a few milliseconds.
    /// </summary>
    public static void GiveBack()
    {
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl and others keep less by themselves
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
