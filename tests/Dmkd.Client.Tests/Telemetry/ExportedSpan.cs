namespace Dmkd.Client.Tests.Telemetry;

/// <summary>A span as a process exported it.</summary>
/// <param name="Process">Service and instance.</param>
/// <param name="Trace">Its trace.</param>
/// <param name="Id">Its own id.</param>
/// <param name="Parent">Its parent's; empty for a root.</param>
/// <param name="Name">Its name.</param>
/// <param name="Links">Traces that it is linked to.</param>
internal sealed record ExportedSpan(
    string Process,
    string Trace,
    string Id,
    string Parent,
    string Name,
    IReadOnlyList<string> Links
);
