using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

public sealed class ScorerGateTests
{
    [Fact]
    public void Score_TwoFeaturesThreeUnits_ByHand()
    {
        // Standardised features 1 and -2; hidden (1 - 2·1, 0 + 2, 3) + (0, 0.5, -10) = (-1, 2.5, -7), of which the second is left.
        var scorer = new PairScorer(new PairScorerWeights([1, 4], [2, 1], [1, 0, 3, 1, -1, 0], [0, 0.5, -10], [5, 2, 7]));
        Assert.Equal(5, scorer.Score([3, 2]), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => scorer.Score([3]));
    }

    [Fact]
    public void Scorer_SizesThatDoNotFit_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new PairScorer(new PairScorerWeights([0, 0], [1, 1], [1], [0], [1])));

    [Theory]
    [InlineData("mlp")]
    [InlineData("hybrid")]
    public void Fit_ExemplarsThatTheFeaturesTellApart_RoutesThemRight(string gate)
    {
        var (experts, labels, descriptors) = Exemplars(60);
        var parameters = ScorerGateFit.Fit(gate, experts, labels, descriptors, 0.5, seed: 1);
        ExpertView[] views = [.. experts.Select((expert, k) => parameters.WithFeatures(expert, k, descriptors))];
        var router = new ModuleRouter(new ScorerGate(gate, new PairScorer(parameters.Scorer)), 0.5, 1);
        int right = router.Route(views, labels.Length, [0, 1, 2, 3]).Zip(labels).Count(pair => pair.First.Experts[0].Expert == pair.Second / 2);
        Assert.True(right > 55, $"{right} of 60");
    }

    [Fact]
    public void Fit_OtherSeed_IsOtherwiseAndTheSameSeedTheSame()
    {
        var (experts, labels, descriptors) = Exemplars(20);
        double[] Second(int seed) => ScorerGateFit.Fit("hybrid", experts, labels, descriptors, 0, seed).Scorer.Second;
        Assert.Equal(Second(1), Second(1));
        Assert.NotEqual(Second(1), Second(2));
    }

    [Fact]
    public void WithFeatures_AnExpertIsAdded_TheOthersFeaturesStay()
    {
        var (experts, labels, descriptors) = Exemplars(20);
        var parameters = ScorerGateFit.Fit("hybrid", experts, labels, descriptors, 0, 1);
        var more = parameters with { Profiles = [.. parameters.Profiles, new ExpertProfile([0.1, 0.2], 1, 1)] };
        for (int k = 0; k < 2; k++)
            Assert.Equal(parameters.WithFeatures(experts[k], k, descriptors).Features, more.WithFeatures(experts[k], k, descriptors).Features);
    }

    [Fact]
    public void OfEvidence_OneInput_ByHand()
    {
        double[] features = new double[PairFeatures.EvidenceCount];
        PairFeatures.OfEvidence(new ExpertProfile([1, 2], 1, 2), [3, 3], [1, 5], [1, 3], features);
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
        PairFeatures.OfDescriptors(new ExpertProfile([1, 2], 1, 2), [1, 4], [1, 2], features);
        Assert.Equal([1, 2, 1, 4, Math.Sqrt(0.5)], features);
    }

    [Fact]
    public void Fit_NoExemplar_Throws() => Assert.Throws<ArgumentException>(() => ScorerGateFit.Fit("mlp", [new([0], 0, [])], [], [], 0, 1));

    [Fact]
    public void Fit_ClassThatNobodyKnows_IsNamed() => Assert.Contains(
        "class 9", Assert.Throws<ArgumentException>(() => ScorerGateFit.Fit("mlp", [new([0], 0, [1])], [9], [1], 0, 1)).Message, StringComparison.Ordinal);

    /// <summary>Two experts of two classes: each is sure of its own and not of the other's, and their images differ in a descriptor of two numbers.</summary>
    private static (ExpertView[] Experts, int[] Labels, double[] Descriptors) Exemplars(int count)
    {
        var random = new Random(4);
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % 4)];
        float[] ScoresOf(int expert) => [.. labels.SelectMany(label => (float[])[Sure(label == 2 * expert), Sure(label == 2 * expert + 1)])];
        float Sure(bool isOwn) => (float)((isOwn ? 3 : 0) + random.NextDouble());
        double[] descriptors = [.. labels.SelectMany(label => (double[])[label / 2 + 0.3 * random.NextDouble(), random.NextDouble()])];
        return ([new([0, 1], 0.1, ScoresOf(0)), new([2, 3], 0.4, ScoresOf(1))], labels, descriptors);
    }
}
