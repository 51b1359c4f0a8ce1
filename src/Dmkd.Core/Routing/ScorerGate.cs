namespace Dmkd.Core.Routing;

/// <summary>
/// The proposal's gate, literally: z_k(x) = G_θ(M_k, x), one two-layer MLP for all experts over features of the pair
/// (proposal 3.3). Fitted to exemplars. What the features are is up to the gates <c>mlp</c> and <c>hybrid</c>.
/// </summary>
public abstract class ScorerGate : IGate
{
    private const double MinSpread = 1e-3;

    private const string Centre = "scorer.centre",
        Spread = "scorer.spread",
        First = "scorer.first",
        Bias = "scorer.bias",
        Second = "scorer.second";
    private const string Descriptors = "profiles.descriptor",
        EvidenceMean = "profiles.evidence_mean",
        EvidenceSpread = "profiles.evidence_spread";
    private const string DescriptorSpread = "descriptor_spread";

    private readonly PairScorer? _scorer; // null before the fit, as the profiles are
    private readonly ExpertProfile[] _profiles = []; // of each expert asked
    private readonly double[] _descriptorSpread = [];

    /// <summary>Makes a gate that is not fitted yet.</summary>
    /// <param name="options">Weight of H_k in routing and seed of the fit.</param>
    private protected ScorerGate(GateOptions options) => Options = options;

    /// <summary>Takes over what was fitted.</summary>
    private protected ScorerGate(GateOptions options, GateParameters parameters, IReadOnlyList<int> places)
        : this(options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(places);
        parameters.Require(Name);
        _scorer = new PairScorer(
            new PairScorerWeights(
                parameters[Centre].Values,
                parameters[Spread].Values,
                parameters[First].Values,
                parameters[Bias].Values,
                parameters[Second].Values
            )
        );
        _descriptorSpread = parameters[DescriptorSpread].Values;
        _profiles = [.. places.Select(place => ProfileAt(parameters, place))];
    }

    /// <summary>Name by which options choose the gate.</summary>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public GateNeeds Needs => GateNeeds.Exemplars | GateNeeds.Descriptors;

    /// <inheritdoc/>
    public abstract bool ChoosesFirst { get; }

    private protected GateOptions Options { get; }

    /// <inheritdoc/>
    public GateParameters Fit(GateEvidence evidence)
    {
        if (evidence is not ExemplarScores exemplars)
            throw new ArgumentException($"The gate '{Name}' is fitted to exemplars.", nameof(evidence));
        var (experts, labels, descriptors) = exemplars;
        if (labels.Length == 0)
            throw new ArgumentException("A gate needs at least one exemplar.", nameof(evidence));
        int[] right = [.. labels.Select(label => RightExpert(experts, label))];
        int length = descriptors.Length / labels.Length;
        int[] all = [.. Enumerable.Range(0, labels.Length)];
        double[] spread = new double[length];
        for (int j = 0; j < length; j++)
            spread[j] = SpreadOf([.. all.Select(i => descriptors[i * length + j])]);
        ExpertProfile[] profiles =
        [
            .. experts.Select((expert, k) => ProfileOf(expert, OwnOrAll(right, k, all), descriptors, length)),
        ];

        double[][] features = [.. experts.Select((expert, k) => FeaturesOf(expert, profiles[k], descriptors, spread))];
        int width = features[0].Length / labels.Length;
        double[] pairs = [.. all.SelectMany(i => features.SelectMany(own => own[(i * width)..((i + 1) * width)]))];
        double[] offsets = [.. experts.Select(expert => -Options.SpecializationWeight * expert.MeanEntropy)];
        var scorer = PairScorerFit.Fit(pairs, offsets, right, new PairScorerOptions { Seed = Options.Seed });
        return ToParameters(Name, scorer, profiles, spread);
    }

    /// <inheritdoc/>
    public abstract IGate Fitted(GateParameters parameters, IReadOnlyList<int> places);

    /// <inheritdoc/>
    public IReadOnlyList<ExpertView> Look(IBatchScores batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        RequireFit();
        ExpertView[] views = [.. batch.Experts];
        if (!ChoosesFirst)
            for (int k = 0; k < views.Length; k++)
                views[k] = views[k] with { ClassScores = batch.ScoresOf(k) };
        double[] descriptors = batch.Descriptors();
        return
        [
            .. views.Select(
                (view, k) => view with { Features = FeaturesOf(view, _profiles[k], descriptors, _descriptorSpread) }
            ),
        ];
    }

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => RequireFit().Score(pair.Features());

    /// <summary>Number of features of a pair.</summary>
    /// <param name="descriptorLength">Numbers of a descriptor.</param>
    private protected abstract int WidthOf(int descriptorLength);

    /// <summary>Writes the features of one pair. No other expert enters.</summary>
    /// <param name="expert">The expert.</param>
    /// <param name="classScores">Its scores of all its classes; empty where the gate
    /// <see cref="ChoosesFirst"/>.</param>
    /// <param name="input">The input's descriptor.</param>
    /// <param name="spread">Standard deviation of each number of descriptors, above 0.</param>
    /// <param name="features">Receives them.</param>
    private protected abstract void Describe(
        ExpertProfile expert,
        ReadOnlySpan<double> classScores,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> spread,
        Span<double> features
    );

    /// <summary>Root mean square difference of two descriptors, in standard deviations.</summary>
    private protected static double Distance(
        ReadOnlySpan<double> expert,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> spread
    )
    {
        double sum = 0;
        for (int i = 0; i < expert.Length; i++)
            sum += Math.Pow((input[i] - expert[i]) / spread[i], 2);
        return Math.Sqrt(sum / expert.Length);
    }

    internal static GateParameters ToParameters(
        string gate,
        PairScorerWeights scorer,
        ExpertProfile[] profiles,
        double[] spread
    ) =>
        new(gate)
        {
            [Centre] = GateArray.Vector(scorer.Centre),
            [Spread] = GateArray.Vector(scorer.Spread),
            [First] = new GateArray([scorer.Centre.Length, scorer.Bias.Length], scorer.First),
            [Bias] = GateArray.Vector(scorer.Bias),
            [Second] = GateArray.Vector(scorer.Second),
            [Descriptors] = new GateArray(
                [profiles.Length, spread.Length],
                [.. profiles.SelectMany(profile => profile.Descriptor)]
            ),
            [EvidenceMean] = GateArray.Vector([.. profiles.Select(profile => profile.EvidenceMean)]),
            [EvidenceSpread] = GateArray.Vector([.. profiles.Select(profile => profile.EvidenceSpread)]),
            [DescriptorSpread] = GateArray.Vector(spread),
        };

    private static ExpertProfile ProfileAt(GateParameters parameters, int place)
    {
        var descriptors = parameters[Descriptors];
        int length = (int)descriptors.Shape[1];
        return new ExpertProfile(
            descriptors.Values[(place * length)..((place + 1) * length)],
            parameters[EvidenceMean].Values[place],
            parameters[EvidenceSpread].Values[place]
        );
    }

    private PairScorer RequireFit() =>
        _scorer
        ?? throw new InvalidOperationException($"The gate '{Name}' is fitted to exemplars, and here it was not.");

    private double[] FeaturesOf(ExpertView expert, ExpertProfile profile, double[] descriptors, double[] spread)
    {
        int length = spread.Length,
            batch = descriptors.Length / length,
            width = WidthOf(length);
        int classes = ChoosesFirst ? 0 : expert.Classes.Count; // whoever chooses first knows no scores yet
        double[] features = new double[batch * width],
            scores = new double[classes];
        for (int i = 0; i < batch; i++)
        {
            for (int c = 0; c < classes; c++)
                scores[c] = expert.ClassScores[i * classes + c];
            Describe(
                profile,
                scores,
                descriptors.AsSpan(i * length, length),
                spread,
                features.AsSpan(i * width, width)
            );
        }

        return features;
    }

    private static int RightExpert(IReadOnlyList<ExpertView> experts, int label)
    {
        for (int k = 0; k < experts.Count; k++)
            if (experts[k].Classes.Contains(label))
                return k;
        throw new ArgumentException($"No expert knows class {label} of an exemplar.", nameof(label));
    }

    /// <summary>An expert's own exemplars; all where it has none: an expert like the average.</summary>
    private static int[] OwnOrAll(int[] right, int expert, int[] all)
    {
        int[] own = [.. all.Where(i => right[i] == expert)];
        return own.Length > 0 ? own : all;
    }

    private static ExpertProfile ProfileOf(ExpertView expert, int[] own, double[] descriptors, int length)
    {
        int classes = expert.Classes.Count;
        double[] mean = [.. Enumerable.Range(0, length).Select(j => own.Average(i => descriptors[i * length + j]))];
        double[] evidence =
        [
            .. own.Select(i => (double)expert.ClassScores.AsSpan(i * classes, classes).ToArray().Max()),
        ];
        return new ExpertProfile(mean, evidence.Average(), SpreadOf(evidence));
    }

    private static double SpreadOf(double[] values)
    {
        double mean = values.Average();
        return Math.Max(MinSpread, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }
}

/// <summary>
/// What a fitted gate knows of an expert: means over the exemplars of its classes (proposal 3.3, the M_k of G_θ(M_k,
/// x)).
/// </summary>
/// <param name="Descriptor">Mean <see cref="Dmkd.Core.Modalities.IModality.Describe"/>.</param>
/// <param name="EvidenceMean">Mean of its largest class score.</param>
/// <param name="EvidenceSpread">Standard deviation of the same, above 0.</param>
public sealed record ExpertProfile(double[] Descriptor, double EvidenceMean, double EvidenceSpread);
