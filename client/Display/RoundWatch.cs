using System.Diagnostics;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Telemetry;

namespace Dmkd.Client.Display;

/// <summary>Puts what the console sees of a run's rounds into the traces of these rounds.</summary>
internal sealed class RoundWatch : IDisposable
{
    private string? _trace;
    private Activity? _span;

    /// <summary>Takes in a look at the run.</summary>
    public void See(RunProgress look)
    {
        if (look.Trace == _trace) return;
        Dispose();
        _trace = look.Trace;
        var current = Activity.Current;
        _span = _trace is null ? null : DmkdTelemetry.StartWatch(_trace, look.Task, look.Round);
        Activity.Current = current; // the looks themselves are no part of it
    }

    public void Dispose()
    {
        _span?.Dispose();
        _span = null;
    }
}
