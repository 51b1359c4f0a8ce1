using Dmkd.Contracts.Experts;

namespace Dmkd.Grains.Merging;

/// <summary>Merged weights, stored but not yet published.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="Update">The compressed update from the base, for nodes that hold it; null when it would not be smaller.</param>
/// <param name="Basis">The basis that the update is relative to; null when it needs none.</param>
/// <param name="Momentum">Digest of the outer optimizer's new momentum; null without.</param>
/// <param name="WeightOf">Share of each contributor that was not refused, by node; 0 when the rule left it out.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record MergedModule(
    StoredBlob Weights, StoredBlob? Update, StoredBlob? Basis, string? Momentum, IReadOnlyDictionary<string, double> WeightOf, TimeSpan DeviceTime);
