using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Wire;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Admission;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Merging.Outer;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Modules;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Merging;

/// <summary>The tensor work of a merge coordinator: synchronous, values in and values out, run on a device lane.</summary>
internal static class MergeWork
{
    /// <summary>How the options' updates are compressed.</summary>
    public static CompressionSettings CompressionOf(MergeOptions options) =>
        new(options.Compressor, options.Rank, options.HalfPrecision, options.ErrorFeedback);

    /// <summary>What is wrong with a submission's tensors, or null; and what the update would take as dense fp32.</summary>
    public static (string? Problem, long DenseBytes) Check(MergeOptions options, byte[] baseWeights, TensorPayload[]? basis, DeltaSubmission submission)
    {
        using var weights = WeightCodec.Decode(baseWeights);
        var payload = DeltaWire.FromWire(submission.Tensors);
        var settings = CompressionOf(options);
        string? problem = (settings.Compressor, submission.Kind) switch
        {
            (CompressorCatalog.PowerSgd, SubmissionKind.Projection) => PowerSgdCheck.FindFactorProblem(weights, payload, settings.Rank, settings.Format),
            (CompressorCatalog.PowerSgd, _) => PowerSgdCheck.FindUpdateProblem(weights, payload, DeltaWire.FromWire(basis!)),
            _ => DeltaCheck.FindProblem(weights, payload),
        };
        return (problem, weights.DenseBytes);
    }

    /// <summary>The shared basis: PowerSGD's subspace, or the replica that the others are aligned to.</summary>
    public static TensorPayload[] MakeBasis(MergeOptions options, IReadOnlyList<DeltaSubmission> inNodeOrder) =>
        options.Alignment ? ReferenceOf(inNodeOrder) : BasisOf(options, [.. inNodeOrder.Select(projection => DeltaWire.FromWire(projection.Tensors))]);

    private static TensorPayload[] BasisOf(MergeOptions options, CompressedDelta[] projections) =>
        DeltaWire.ToWire(PowerSgdProjection.Basis(projections, PowerSgdProjection.ClippedWeights(projections), CompressionOf(options).Format));

    /// <summary>The first replica that does not stand out.</summary>
    private static TensorPayload[] ReferenceOf(IReadOnlyList<DeltaSubmission> inNodeOrder)
    {
        var facts = inNodeOrder.Select(submission =>
        {
            using var delta = DeltaDecompressor.Decompress(DeltaWire.FromWire(submission.Tensors));
            return new SubmissionFacts(submission.NodeId, submission.SampleCount, UpdateNorms.Of(delta));
        });
        var outcomes = AdmissionRules.Judge([.. facts], new AdmissionLimits());
        int first = outcomes.Index().First(entry => entry.Item.IsAdmitted).Index; // the median is among the admitted
        return inNodeOrder[first].Tensors;
    }


    /// <summary>Admits, merges by the rule and takes the outer optimizer's step (proposal 3.4.2); sums run in the order given.</summary>
    public static MergeResult Merge(
        DeviceJob job, MergeOptions options, byte[] baseWeights, TensorPayload[]? basis, IReadOnlyList<DeltaSubmission> inNodeOrder, byte[]? momentum)
    {
        using var weights = WeightCodec.Decode(baseWeights);
        var shared = options.Compressor == CompressorCatalog.PowerSgd ? DeltaWire.FromWire(basis!) : null;
        var payloads = inNodeOrder.Select(submission => PayloadOf(submission, shared)).ToArray();
        var deltas = payloads.Select(DeltaDecompressor.Decompress).ToArray();
        try
        {
            var outcomes = AdmissionRules.Judge(
                [.. inNodeOrder.Select((submission, i) => new SubmissionFacts(submission.NodeId, submission.SampleCount, UpdateNorms.Of(deltas[i])))], new AdmissionLimits());
            int[] admitted = [.. outcomes.Index().Where(entry => entry.Item.IsAdmitted).Select(entry => entry.Index)];
            var refusals = outcomes.Where(outcome => !outcome.IsAdmitted).Select(outcome => (outcome.NodeId, outcome.ToString())).ToArray();
            if (admitted.Length == 0) return new MergeResult(null, null, null, new Dictionary<string, double>(), refusals, job.Elapsed);
            var merged = Merge(options, weights, [.. admitted.Select(i => payloads[i])], [.. admitted.Select(i => deltas[i])], [.. admitted.Select(i => (double)outcomes[i].SampleCount)], momentum);
            var weightOf = admitted.Index().ToDictionary(entry => inNodeOrder[entry.Item].NodeId, entry => merged.Shares[entry.Index]);
            return new MergeResult(merged.Weights, merged.Update, merged.Momentum, weightOf, refusals, job.Elapsed);
        }
        finally
        {
            foreach (var delta in deltas) delta.Dispose();
        }
    }

    /// <summary>The update that a submission stands for.</summary>
    private static CompressedDelta PayloadOf(DeltaSubmission submission, CompressedDelta? basis)
    {
        var payload = DeltaWire.FromWire(submission.Tensors);
        return basis is null ? payload : PowerSgdPayload.WithBasis(payload, basis);
    }

    private static (byte[] Weights, TensorPayload[]? Update, byte[]? Momentum, IReadOnlyList<double> Shares) Merge(
        MergeOptions options, WeightSet weights, CompressedDelta[] payloads, WeightSet[] deltas, double[] sampleCounts, byte[]? momentum)
    {
        var rule = IMergeRule.Known.Find(options.Rule);
        bool isPlain = options is { OuterLearningRate: 1, OuterMomentum: 0 };
        if (isPlain && rule is LinearMergeRule linear && CompressedMean(linear, payloads, deltas, sampleCounts) is var (mean, shares))
        {
            using var stepped = DeltaApplier.Apply(weights, mean);
            return (WeightCodec.Encode(stepped), DeltaWire.ToWire(PowerSgdPayload.WithoutBasis(mean)), null, shares);
        }

        using var update = rule.Merge(deltas, sampleCounts);
        using var velocity = momentum is null ? null : WeightCodec.Decode(momentum);
        using var step = OuterOf(options).Step(update.Update, velocity);
        using var merged = ModuleAverager.Apply(weights, step.Step);
        return (WeightCodec.Encode(merged), null, step.Momentum is { } next ? WeightCodec.Encode(next) : null, update.AcceptedWeights);
    }

    /// <summary>The mean as a compressed update, so that nodes fetch that and not the weights; null when it would not be smaller.</summary>
    private static (CompressedDelta Mean, IReadOnlyList<double> Shares)? CompressedMean(
        LinearMergeRule rule, CompressedDelta[] payloads, WeightSet[] deltas, double[] sampleCounts)
    {
        var weights = rule.Weigh(new UpdateGeometry(deltas), sampleCounts);
        var mean = MergedDelta.Mean(payloads, name => [.. weights.For(name).Select(weight => weight / weights.Divisor)]);
        double total = weights.Trained.Sum();
        return mean is null ? null : (mean, [.. weights.Trained.Select(weight => total > 0 ? weight / total : 0)]);
    }

    private static OuterOptimizer OuterOf(MergeOptions options) => options.OuterMomentum > 0
        ? OuterOptimizer.Nesterov(options.OuterLearningRate, options.OuterMomentum)
        : OuterOptimizer.Plain(options.OuterLearningRate);
}
