namespace Dmkd.Core.Routing;

/// <summary>Fits the gates <c>mlp</c> and <c>hybrid</c> on exemplars (proposal 3.3).</summary>
public static class ScorerGateFit
{
    private const double LeastSpread = 1e-3;

    /// <summary>Fits.</summary>
    /// <param name="gate">Name of the gate.</param>
    /// <param name="experts">The experts with their class scores of the exemplars, at least one.</param>
    /// <param name="labels">Class index of each exemplar, at least one; known to one of the experts.</param>
    /// <param name="descriptors">Descriptor of each exemplar, shape [exemplars, numbers]. Borrowed.</param>
    /// <param name="specializationWeight">The proposal's β: routing will add -β·H_k to each score.</param>
    /// <param name="seed">Seed of the first weights.</param>
    /// <exception cref="ArgumentException">There is no exemplar, or no expert knows its class.</exception>
    public static ScorerGateParameters Fit(
        string gate, IReadOnlyList<ExpertView> experts, IReadOnlyList<int> labels, double[] descriptors, double specializationWeight, int seed)
    {
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(descriptors);
        if (labels.Count == 0) throw new ArgumentException("A gate needs at least one exemplar.", nameof(labels));
        int[] right = [.. labels.Select(label => RightExpert(experts, label))];
        int length = descriptors.Length / labels.Count;
        int[] all = [.. Enumerable.Range(0, labels.Count)];
        double[] spread = new double[length];
        for (int j = 0; j < length; j++) spread[j] = Spread([.. all.Select(i => descriptors[i * length + j])]);
        var profiles = experts.Select((expert, k) =>
        {
            int[] own = [.. all.Where(i => right[i] == k)];
            return ProfileOf(expert, own.Length > 0 ? own : all, descriptors, length); // no exemplar: an expert like the average
        });
        var draft = new ScorerGateParameters(gate, new PairScorerWeights([], [], [], [], []), [.. profiles], spread);
        double[][] features = [.. experts.Select((expert, k) => draft.WithFeatures(expert, k, descriptors).Features!)];
        int width = features[0].Length / labels.Count;
        double[] pairs = [.. all.SelectMany(i => features.SelectMany(own => own[(i * width)..((i + 1) * width)]))];
        double[] offsets = [.. experts.Select(expert => -specializationWeight * expert.MeanEntropy)];
        return draft with { Scorer = PairScorerFit.Fit(pairs, offsets, right, new PairScorerOptions { Seed = seed }) };
    }

    private static int RightExpert(IReadOnlyList<ExpertView> experts, int label)
    {
        for (int k = 0; k < experts.Count; k++)
            if (experts[k].Classes.Contains(label)) return k;
        throw new ArgumentException($"No expert knows class {label} of an exemplar.", nameof(label));
    }

    private static ExpertProfile ProfileOf(ExpertView expert, int[] own, double[] descriptors, int length)
    {
        int classes = expert.Classes.Count;
        double[] mean = [.. Enumerable.Range(0, length).Select(j => own.Average(i => descriptors[i * length + j]))];
        double[] evidence = [.. own.Select(i => (double)expert.ClassScores.AsSpan(i * classes, classes).ToArray().Max())];
        return new ExpertProfile(mean, evidence.Average(), Spread(evidence));
    }

    private static double Spread(double[] values)
    {
        double mean = values.Average();
        return Math.Max(LeastSpread, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }
}
