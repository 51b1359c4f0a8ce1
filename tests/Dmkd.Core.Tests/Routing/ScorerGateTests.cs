using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

public sealed class ScorerGateTests
{
    [Fact]
    public void Score_TwoFeaturesThreeUnits_ByHand()
    {
        // Standardised features 1 and -2; hidden (1 - 2·1, 0 + 2, 3) + (0, 0.5, -10) = (-1, 2.5, -7), of which the
        // second is left.
        var scorer = new PairScorer(
            new PairScorerWeights([1, 4], [2, 1], [1, 0, 3, 1, -1, 0], [0, 0.5, -10], [5, 2, 7])
        );
        Assert.Equal(5, scorer.Score([3, 2]), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => scorer.Score([3]));
    }

    [Fact]
    public void Scorer_SizesThatDoNotFit_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new PairScorer(new PairScorerWeights([0, 0], [1, 1], [1], [0], [1])));

    [Theory]
    [InlineData("mlp")]
    [InlineData("hybrid")]
    public void Fit_ExemplarsThatTheFeaturesTellApart_RoutesThemRight(string name)
    {
        var exemplars = Exemplars(60);
        var gate = Gate(name, seed: 1, beta: 0.5);
        var fitted = gate.Fitted(gate.Fit(exemplars), [0, 1]);
        var views = Answered(fitted.Look(new KnownScores(exemplars)), exemplars);
        var router = new ModuleRouter(fitted, 0.5, 1);
        int right = router
            .Route(views, exemplars.Labels.Length, [0, 1, 2, 3])
            .Zip(exemplars.Labels)
            .Count(pair => pair.First.Experts[0].Expert == pair.Second / 2);
        Assert.True(right > 55, $"{right} of 60");
    }

    [Fact]
    public void Fit_OtherSeed_IsOtherwiseAndTheSameSeedTheSame()
    {
        byte[] Fit(int seed) => Gate("hybrid", seed).Fit(Exemplars(20)).Encode();
        Assert.Equal(Fit(1), Fit(1));
        Assert.NotEqual(Fit(1), Fit(2));
    }

    [Fact]
    public void Fitted_OtherPlaces_GivesEachExpertItsOwnProfile()
    {
        var exemplars = Exemplars(20);
        var gate = Gate("hybrid", 1);
        var parameters = gate.Fit(exemplars);
        var turned = exemplars with { Experts = [exemplars.Experts[1], exemplars.Experts[0]] };
        var straight = gate.Fitted(parameters, [0, 1]).Look(new KnownScores(exemplars));
        var other = gate.Fitted(parameters, [1, 0]).Look(new KnownScores(turned));
        Assert.Equal(straight[0].Features, other[1].Features);
        Assert.Equal(straight[1].Features, other[0].Features);
    }

    [Theory]
    [InlineData("mlp")]
    [InlineData("hybrid")]
    public void Decode_WhatWasEncoded_LooksTheSame(string name)
    {
        var exemplars = Exemplars(20);
        var gate = Gate(name, 1);
        var parameters = gate.Fit(exemplars);
        var again = GateParameters.Decode(parameters.Encode());
        Assert.Equal(parameters.Encode(), again.Encode());
        Assert.Equal(
            gate.Fitted(parameters, [0, 1]).Look(new KnownScores(exemplars))[1].Features,
            gate.Fitted(again, [0, 1]).Look(new KnownScores(exemplars))[1].Features
        );
    }

    [Fact]
    public void OfEvidence_OneInput_ByHand()
    {
        double[] features = new double[HybridGate.FeatureCount];
        HybridGate.Write(new ExpertProfile([1, 2], 1, 2), [3, 3], [1, 5], [1, 3], features);
        Assert.Equal(3, features[0]);
        Assert.Equal(1, features[1]);
        Assert.Equal(Math.Log(2), features[2], 1e-12);
        Assert.Equal(Math.Log(2), features[3], 1e-12);
        Assert.Equal(0, features[4]);
        Assert.Equal(3, features[5]);
        Assert.Equal(Math.Sqrt(0.5), features[6], 1e-12);
    }

    [Fact]
    public void OfDescriptors_OneInput_ByHand()
    {
        double[] features = new double[5];
        MlpGate.Write(new ExpertProfile([1, 2], 1, 2), [1, 4], [1, 2], features);
        Assert.Equal([1, 2, 1, 4, Math.Sqrt(0.5)], features);
    }

    [Fact]
    public void Fit_NoExemplar_Throws() =>
        Assert.Throws<ArgumentException>(() => Gate("mlp", 1).Fit(new ExemplarScores([new([0], 0, [])], [], [])));

    [Fact]
    public void Fit_ClassThatNobodyKnows_IsNamed()
    {
        var exemplars = new ExemplarScores([new([0], 0, [1])], [9], [1]);
        Assert.Contains(
            "class 9",
            Assert.Throws<ArgumentException>(() => Gate("mlp", 1).Fit(exemplars)).Message,
            StringComparison.Ordinal
        );
    }

    private static IGate Gate(string name, int seed, double beta = 0) =>
        GateCatalog.Create(new GateOptions(name, SpecializationWeight: beta, Seed: seed));

    /// <summary>
    /// The experts' answers beside what the gate scores; a gate that chooses first does without them until then.
    /// </summary>
    private static ExpertView[] Answered(IReadOnlyList<ExpertView> looked, ExemplarScores exemplars) =>
        [.. looked.Select((view, k) => view with { ClassScores = exemplars.Experts[k].ClassScores })];

    /// <summary>
    /// Two experts of two classes: each is sure of its own and not of the other's, and their images differ in a
    /// descriptor of two numbers.
    /// </summary>
    private static ExemplarScores Exemplars(int count)
    {
        var random = new Random(4);
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % 4)];
        float[] ScoresOf(int expert) =>
            [.. labels.SelectMany(label => (float[])[Sure(label == 2 * expert), Sure(label == 2 * expert + 1)])];
        float Sure(bool isOwn) => (float)((isOwn ? 3 : 0) + random.NextDouble());
        double[] descriptors =
        [
            .. labels.SelectMany(label => (double[])[label / 2 + 0.3 * random.NextDouble(), random.NextDouble()]),
        ];
        return new ExemplarScores([new([0, 1], 0.1, ScoresOf(0)), new([2, 3], 0.4, ScoresOf(1))], labels, descriptors);
    }
}
