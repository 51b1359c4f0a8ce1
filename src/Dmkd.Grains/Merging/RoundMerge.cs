using Dmkd.Contracts.Merging;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Admission;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;

namespace Dmkd.Grains.Merging;

/// <summary>
/// Admits a round's updates, merges them by its rule and takes the outer optimizer's step (proposal 3.4.2); run on a
/// device lane.
/// </summary>
internal static class RoundMerge
{
    /// <summary>Merges; sums run in the order given.</summary>
    public static RoundMergeResult Run(DeviceJob job, MergeOptions options, RoundInputs inputs)
    {
        using var weights = WeightCodec.Decode(inputs.Base.Span);
        var exchange = options.Exchange();
        var basis = exchange.UpdatesNeedBasis ? UpdateBundle.Read(inputs.Basis!.Value, weights) : null;
        CompressedDelta[] payloads =
        [
            .. inputs.Contents.Select(content => PowerSgdPayload.Joined(UpdateBundle.Read(content, weights), basis)),
        ];
        WeightSet[] deltas = [.. payloads.Select(DeltaDecompressor.Decompress)];
        try
        {
            var outcomes = AdmissionRules.Judge(
                [.. inputs.Updates.Select((update, i) => FactsOf(update, deltas[i]))],
                new AdmissionLimits()
            );
            var refusals = outcomes
                .Where(outcome => !outcome.IsAdmitted)
                .ToDictionary(outcome => outcome.NodeId, outcome => outcome.ToString());
            int[] admitted = [.. outcomes.Index().Where(entry => entry.Item.IsAdmitted).Select(entry => entry.Index)];
            if (admitted.Length == 0)
                return new RoundMergeResult(null, refusals, job.Elapsed);
            var round = new AdmittedUpdates(
                [.. admitted.Select(i => inputs.Updates[i].NodeId)],
                [.. admitted.Select(i => payloads[i])],
                [.. admitted.Select(i => deltas[i])],
                [.. admitted.Select(i => (double)outcomes[i].SampleCount)]
            );
            var merged =
                MergeAsMean(options, exchange, weights, round) ?? MergeByRule(options, weights, round, inputs.Momentum);
            return new RoundMergeResult(merged, refusals, job.Elapsed);
        }
        finally
        {
            foreach (var delta in deltas)
                delta.Dispose();
        }
    }

    private static SubmissionFacts FactsOf(AcceptedUpdate update, WeightSet delta) =>
        new(update.NodeId, update.SampleCount, UpdateNorms.Of(delta));

    /// <summary>
    /// The mean as a compressed update, so that nodes fetch that and not the weights; null when it would not be
    /// smaller, or the step is no plain mean.
    /// </summary>
    private static MergedTensors? MergeAsMean(
        MergeOptions options,
        IUpdateExchange exchange,
        WeightSet weights,
        AdmittedUpdates round
    )
    {
        bool isPlain = options is { OuterLearningRate: 1, OuterMomentum: 0 };
        if (!isPlain || IMergeRule.Known.Find(options.Rule) is not LinearMergeRule rule)
            return null;
        var parts = rule.Weigh(new UpdateGeometry(round.Deltas), round.SampleCounts);
        var mean = exchange.Combine(
            round.Payloads,
            name => [.. parts.For(name).Select(weight => weight / parts.Divisor)]
        );
        if (mean is null)
            return null;
        double total = parts.Trained.Sum();
        using var stepped = DeltaApplier.Apply(weights, mean);
        return new MergedTensors(
            WeightCodec.Encode(stepped),
            round.Shares([.. parts.Trained.Select(weight => total > 0 ? weight / total : 0)])
        )
        {
            Update = UpdateBundle.ToBytes(PowerSgdPayload.WithoutBasis(mean)),
        };
    }

    private static MergedTensors MergeByRule(
        MergeOptions options,
        WeightSet weights,
        AdmittedUpdates round,
        ReadOnlyMemory<byte>? momentum
    )
    {
        using var update = IMergeRule.Known.Find(options.Rule).Merge(round.Deltas, round.SampleCounts);
        using var velocity = momentum is { } last ? WeightCodec.Decode(last.Span) : null;
        using var step = OuterOf(options).Step(update.Update, velocity);
        using var merged = ModuleAverager.Apply(weights, step.Step);
        return new MergedTensors(WeightCodec.Encode(merged), round.Shares(update.AcceptedWeights))
        {
            Momentum = step.Momentum is { } next ? WeightCodec.Encode(next) : null,
        };
    }

    private static OuterOptimizer OuterOf(MergeOptions options) =>
        options.OuterMomentum > 0
            ? OuterOptimizer.Nesterov(options.OuterLearningRate, options.OuterMomentum)
            : OuterOptimizer.Plain(options.OuterLearningRate);

    /// <summary>Updates that are merged, entry by entry. The deltas are borrowed.</summary>
    private sealed record AdmittedUpdates(
        string[] Nodes,
        CompressedDelta[] Payloads,
        WeightSet[] Deltas,
        double[] SampleCounts
    )
    {
        public Dictionary<string, double> Shares(IReadOnlyList<double> shares) =>
            Nodes.Zip(shares).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }
}

/// <summary>What a round's merge reads, all as safetensors.</summary>
/// <param name="Base">Weights that are merged onto.</param>
/// <param name="Updates">What was accepted, in node order.</param>
/// <param name="Contents">The tensors of each.</param>
internal sealed record RoundInputs(
    ReadOnlyMemory<byte> Base,
    IReadOnlyList<AcceptedUpdate> Updates,
    ReadOnlyMemory<byte>[] Contents
)
{
    /// <summary>The round's shared basis, when it has one.</summary>
    public ReadOnlyMemory<byte>? Basis { get; init; }

    /// <summary>The outer optimizer's momentum, when it has one.</summary>
    public ReadOnlyMemory<byte>? Momentum { get; init; }
}

/// <summary>What a round's merge computed.</summary>
/// <param name="Merged">Null when no update was left to merge.</param>
/// <param name="Refusals">Reason for each node whose update was refused.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record RoundMergeResult(
    MergedTensors? Merged,
    IReadOnlyDictionary<string, string> Refusals,
    TimeSpan DeviceTime
);

/// <summary>Merged weights and what comes with them, as safetensors.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="WeightOf">Share of each contributor, by node.</param>
internal sealed record MergedTensors(byte[] Weights, IReadOnlyDictionary<string, double> WeightOf)
{
    /// <summary>The compressed update from the base; null when it would not be smaller.</summary>
    public byte[]? Update { get; init; }

    /// <summary>The outer optimizer's new momentum; null without.</summary>
    public byte[]? Momentum { get; init; }
}
