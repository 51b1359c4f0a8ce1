using Dmkd.Contracts.Nodes;
using Dmkd.Hosting.Lifecycle;
using Polly;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// Calls that have nodes measure. What a node measures becomes part of a result, so nobody is left out because a silo
/// ended: a call is repeated until the node answers, and the last failure is told to the caller, who repeats its phase.
/// </summary>
internal static class ProbeCalls
{
    /// <summary>Repeats of one call: with growing pauses about ten seconds, besides the time of the calls.</summary>
    public static readonly RetryLimits Retries = new(TimeSpan.FromSeconds(1))
    {
        Growth = DelayBackoffType.Linear,
        MaxRetries = 4,
    };

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WaitPerInput = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(6);

    /// <summary>
    /// How long a node may take to answer once: grows with what it measures. A silo that dies meanwhile is noticed much
    /// earlier.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="inputs">How many inputs the node measures at most, at least 0.</param>
    public static TimeSpan WaitFor(ProbeRequest request, long inputs)
    {
        double views = Math.Max(1, request.Settings.Routing.Views);
        int versions = request.Probe is ComparisonProbe ? 2 : 1;
        var wait = ShortestWait + (WaitPerInput * (views * versions * inputs));
        return wait < LongestWait ? wait : LongestWait;
    }

    /// <summary>Asks once.</summary>
    /// <param name="node">The node.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="wait">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="TimeoutException">It took longer; the node stops measuring.</exception>
    public static async Task<ProbeReport> AskOnceAsync(
        INodeGrain node,
        ProbeRequest request,
        TimeSpan wait,
        TimeProvider time
    )
    {
        using var givenUp = new CancellationTokenSource();
        try
        {
            return await node.ProbeAsync(request, givenUp.Token).WaitAsync(wait, time);
        }
        catch (TimeoutException e)
        {
            await givenUp.CancelAsync();
            throw new TimeoutException($"it did not answer within {wait:g}", e);
        }
    }
}
