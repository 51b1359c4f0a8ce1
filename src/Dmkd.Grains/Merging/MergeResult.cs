using Dmkd.Contracts.Wire;

namespace Dmkd.Grains.Merging;

/// <summary>What a merge computed.</summary>
/// <param name="Weights">Merged weights as safetensors; null when no update was left to merge.</param>
/// <param name="Update">The compressed update from the base; null when it would not be smaller.</param>
/// <param name="Momentum">The outer optimizer's new momentum as safetensors; null without.</param>
/// <param name="WeightOf">Share of each contributor that was not refused, by node.</param>
/// <param name="Refusals">Node and reason of each update that was refused.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record MergeResult(
    byte[]? Weights, TensorPayload[]? Update, byte[]? Momentum, IReadOnlyDictionary<string, double> WeightOf, IReadOnlyList<(string Node, string Reason)> Refusals,
    TimeSpan DeviceTime);
