using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Dmkd.Core.Devices;
using TorchSharp;

namespace Dmkd.Core.Models;

/// <summary>
/// Makes sure that convolutions are right before the process trusts one (docs/adr/0024): mends the caches that oneDNN
/// assumes, tests, and where that was not enough does without oneDNN. It tests instead of listing processors, because
/// the next fault will be elsewhere.
/// </summary>
internal static class ConvolutionGuard
{
    /// <summary>Examines this process, on a thread of its own with one torch thread.</summary>
    /// <param name="convolve">The product's convolution.</param>
    public static ConvolutionReport Examine(Convolve convolve)
    {
        var (library, path) = TorchRuntime.Processors();
        GuardedLibrary parts = new(
            () => CacheMend.Apply(library, path),
            () => OneDnn.TrySetEnabled(library, enabled: false)
        );
        ConvolutionReport? report = null;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(Run) { IsBackground = true, Name = "dmkd-convolutions" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return report!;

        void Run()
        {
            try
            {
                torch.set_num_threads(1); // belongs to the thread that calls it
                report = Examine(convolve, parts);
            }
#pragma warning disable CA1031 // thrown again where it can be caught
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
#pragma warning restore CA1031
        }
    }

    /// <summary>The decision.</summary>
    public static ConvolutionReport Examine(Convolve convolve, GuardedLibrary library)
    {
        long start = Stopwatch.GetTimestamp();
        var mend = library.Mend();
        string? problem = ConvolutionTest.FindWrong(convolve);
        if (problem is null)
            return Report(ConvolutionState.Right);
        bool helps = library.DoWithoutOneDnn() && ConvolutionTest.FindWrong(convolve) is null;
        return Report(helps ? ConvolutionState.RightWithoutOneDnn : ConvolutionState.Wrong);

        ConvolutionReport Report(ConvolutionState state) => new(state, mend, problem, Stopwatch.GetElapsedTime(start));
    }
}

/// <summary>What the guard can do to libtorch.</summary>
/// <param name="Mend">Mends the caches that oneDNN assumes, where they are one byte.</param>
/// <param name="DoWithoutOneDnn">Switches oneDNN off; false when that cannot be.</param>
internal sealed record GuardedLibrary(Func<CacheMendResult> Mend, Func<bool> DoWithoutOneDnn);
