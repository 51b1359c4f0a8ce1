using System.Text.Json;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Weights of a simulated module: the list of local updates that are in them, so that every single one can be found
/// again.
/// </summary>
/// <param name="Updates">Each as <c>node/round</c>, in the order they were merged in.</param>
internal sealed record Tally(string[] Updates)
{
    /// <summary>Nodes whose statistics are in the weights, in node order.</summary>
    public string[] Statistics { get; init; } = [];

    /// <summary>Reads weights or an update.</summary>
    public static Tally Read(byte[] content) => JsonSerializer.Deserialize<Tally>(content)!;

    /// <summary>Name of a node's update of a round.</summary>
    public static string Name(int node, int round) => $"{node}/{round}";

    /// <summary>As bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this);
}
