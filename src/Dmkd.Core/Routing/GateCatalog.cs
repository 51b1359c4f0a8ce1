namespace Dmkd.Core.Routing;

/// <summary>The gates by name.</summary>
public static class GateCatalog
{
    private static readonly IGate[] Gates = [new EvidenceGate(), new EntropyGate(), new NetworkGate()];

    /// <summary>Names of the gates.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Gates.Select(gate => gate.Name)];

    /// <summary>Names of the gates that need no gate network, which a library made by a run does not have.</summary>
    public static IReadOnlyList<string> NamesWithoutNetwork { get; } = [.. Gates.Where(gate => !gate.AsksGateNetwork).Select(gate => gate.Name)];

    /// <summary>Finds a gate.</summary>
    /// <exception cref="ArgumentException">No gate has the name; the message lists those there are.</exception>
    public static IGate Find(string name) => Gates.FirstOrDefault(gate => gate.Name == name)
        ?? throw new ArgumentException($"There is no gate '{name}'; there are: {string.Join(", ", Names)}.", nameof(name));
}
