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
        if (exception is not (ExternalException or OutOfMemoryException) || !IsLack(exception)) return exception;
        var asked = Asked().Match(exception.Message);
        string size = asked.Success ? $"{asked.Groups[1].Value} more" : "what it needs";
        return new DeviceMemoryException($"the device {device} has no memory for the work: it could not give {size}. Use a smaller --batch-size or --image-size, or a silo with more memory", exception);
    }

    private static bool IsLack(Exception exception) => exception is OutOfMemoryException || Lack().IsMatch(exception.Message);

    // "DefaultCPUAllocator: can't allocate memory: you tried to allocate 17 bytes", "not enough memory: you tried ...", "CUDA out of memory. Tried to allocate 2.00 GiB".
    [GeneratedRegex("can't allocate memory|not enough memory|out of memory", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Lack();

    [GeneratedRegex(@"tried to allocate (\d+(?:\.\d+)? (?:bytes|[KMGT]iB))", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Asked();
}
