using Dmkd.Core.Merging.Rules;

namespace Dmkd.Core.Merging.Admission;

/// <summary>What admission looks at in a node's submission.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Training samples it claims.</param>
/// <param name="Norms">Of its update's plain values, decompressed.</param>
public sealed record SubmissionFacts(string NodeId, long SampleCount, UpdateNorms Norms);
