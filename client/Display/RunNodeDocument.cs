using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Display;

/// <summary>A node as <c>nodes list</c> prints it. Field names are stable.</summary>
internal sealed record RunNodeDocument
{
    /// <summary>Its name within the run, such as <c>node-1</c>.</summary>
    public required string Node { get; init; }

    public required string State { get; init; }

    public required string? Silo { get; init; }

    public required string? Device { get; init; }

    public required double Progress { get; init; }

    /// <summary>Task of the last merge that its update came to, from 1.</summary>
    public required int? LastTask { get; init; }

    /// <summary>Round of that merge, from 1.</summary>
    public required int? LastRound { get; init; }

    public required int Missed { get; init; }

    public required string? Problem { get; init; }

    /// <summary>The document of a node.</summary>
    public static RunNodeDocument Of(RunNode node) => new()
    {
        Node = $"node-{node.Index + 1}",
        State = NameOf(node.State),
        Silo = node.Silo,
        Device = node.Device,
        Progress = node.Progress,
        LastTask = node.LastTask + 1,
        LastRound = node.LastRound + 1,
        Missed = node.Missed,
        Problem = node.Problem,
    };

    /// <summary>The word for a state. Stable.</summary>
    public static string NameOf(RunNodeState state) => state.ToString().ToLowerInvariant();
}
