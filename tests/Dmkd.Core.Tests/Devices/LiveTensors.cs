using TorchSharp;

namespace Dmkd.Core.Tests.Devices;

/// <summary>Counts tensors that were made and not disposed, on the calling thread.</summary>
internal static class LiveTensors
{
    /// <summary>How many more (or fewer) tensors live after an action than before it.</summary>
    public static long Change(Action action)
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        action();
        return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
    }
}
