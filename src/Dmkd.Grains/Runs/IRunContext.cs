using Dmkd.Contracts.Runs;
using Dmkd.Grains.Telemetry;

namespace Dmkd.Grains.Runs;

/// <summary>The run that steps belong to.</summary>
internal interface IRunContext
{
    /// <summary>Its state.</summary>
    TrainingRunState State { get; }

    /// <summary>What the run says of itself. Borrowed.</summary>
    DmkdInstruments Instruments { get; }

    /// <summary>Tells the share of the phase that is done, in [0, 1].</summary>
    void Progress(double share);

    /// <summary>Notes an event.</summary>
    void Tell(RunEvent happened);
}
