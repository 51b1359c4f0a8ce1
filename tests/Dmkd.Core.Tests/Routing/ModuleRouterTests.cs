using CsCheck;
using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

public sealed class ModuleRouterTests
{
    private static readonly int[] AllClasses = [0, 1, 2, 3, 4];

    // equal, or far enough apart for a softmax
    private static readonly Gen<float> Scores = Gen.Int[-40, 40].Select(eighths => eighths / 8f);
    private static readonly ExpertView First = new([0, 1], 0.2, [1, 3, 0.5f, 0.25f]);
    private static readonly ExpertView Second = new([2, 3, 4], 1.1, [2, 0, 1, 4, -1, 2]);

    [Fact]
    public void Route_AllExperts_IsTheSoftmaxMixture()
    {
        // Input 0: z = (3, 2), so p = (σ(1), σ(-1)); the experts' answers are the softmax of their scores.
        double p = 1 / (1 + Math.Exp(-1));
        double second = Math.Exp(2) + 1 + Math.Exp(1);
        double[] mixture =
        [
            p / (1 + Math.Exp(2)),
            p / (1 + Math.Exp(-2)),
            (1 - p) * Math.Exp(2) / second,
            (1 - p) / second,
            (1 - p) * Math.Exp(1) / second,
        ];
        var answer = Route(new EvidenceGate(), beta: 0, top: 2)[0];
        Assert.Equal(1, mixture.Sum(), 1e-12);
        Assert.Equal((1, 1), (answer.ClassIndex, Array.IndexOf(mixture, mixture.Max())));
        Assert.Equal(mixture.Max(), answer.Probability, 1e-12);
        Assert.Equal([0, 1], answer.Experts.Select(share => share.Expert));
        Assert.Equal(p, answer.Experts[0].Probability, 1e-12);
        Assert.Equal(1 - p, answer.Experts[1].Probability, 1e-12);
    }

    [Fact]
    public void Route_MoreExpertsWantedThanThereAre_MeansAll() =>
        Assert.Equal(Route(new EvidenceGate(), 0, 2)[1].Probability, Route(new EvidenceGate(), 0, 9)[1].Probability);

    [Fact]
    public void Route_TopOne_AnswersWithTheBestExpertAloneAndItsOwnProbability()
    {
        var answer = Route(new EvidenceGate(), beta: 0, top: 1)[0];
        var (expert, share) = Assert.Single(answer.Experts);
        Assert.Equal((1, 0), (answer.ClassIndex, expert));
        Assert.Equal(1 / (1 + Math.Exp(-2)), answer.Probability, 1e-12); // renormalised over the experts that answered
        Assert.Equal(1 / (1 + Math.Exp(-1)), share, 1e-12); // p_k itself is over all experts
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(2)]
    public void Route_Beta_ShiftsScoresByMinusTheMeanEntropy(double beta)
    {
        // z_0 - z_1 = 1 at input 0, and H_0 - H_1 = -0.9.
        var answer = Route(new EvidenceGate(), beta, top: 2)[0];
        Assert.Equal(
            1 / (1 + Math.Exp(-(1 + beta * 0.9))),
            answer.Experts.Single(share => share.Expert == 0).Probability,
            1e-12
        );
    }

    [Fact]
    public void Route_Candidates_RestrictClassesAndExperts()
    {
        var answers = new ModuleRouter(new EvidenceGate(), 0, 2).Route([First, Second], 2, [3, 4]);
        Assert.All(answers, answer => Assert.Equal((1, 1.0), Assert.Single(answer.Experts)));
        Assert.Equal([4, 4], answers.Select(answer => answer.ClassIndex)); // its best class, 2, is no candidate
        Assert.Equal(1 / (1 + Math.Exp(-1)), answers[0].Probability, 1e-12);
    }

    [Fact]
    public void Route_Classes_AreRankedAndBeginWithTheAnswer()
    {
        var router = new ModuleRouter(new EvidenceGate(), 0, 2);
        foreach (var answer in router.Route([First, Second], 2, AllClasses, classes: 4))
        {
            Assert.Equal(4, answer.Classes.Count);
            Assert.Equal(
                (answer.ClassIndex, answer.Probability),
                (answer.Classes[0].ClassIndex, answer.Classes[0].Probability)
            );
            Assert.Equal(answer.Classes.OrderByDescending(told => told.Probability), answer.Classes);
        }

        var all = router.Route([First, Second], 2, AllClasses, classes: 99)[0].Classes;
        Assert.Equal(AllClasses.Order(), all.Select(told => told.ClassIndex).Order());
        Assert.Equal(1, all.Sum(told => told.Probability), 1e-12);
        Assert.Empty(router.Route([First, Second], 2, AllClasses)[0].Classes);
    }

    [Fact]
    public void Route_NoExpertKnowsACandidate_ThrowsNamingTheClasses()
    {
        var router = new ModuleRouter(new EvidenceGate(), 0, 1);
        Assert.Contains(
            "7, 9",
            Assert.Throws<ArgumentException>("candidates", () => router.Route([First, Second], 2, [9, 7])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Route_TopOneByEvidence_IsTheLargestOfAllScores() =>
        Gen.Select(Scores.Array[2], Scores.Array[3])
            .Sample(
                (a, b) =>
                {
                    var router = new ModuleRouter(new EvidenceGate(), specializationWeight: 0, topExperts: 1);
                    var answer = router.Route([new([0, 1], 0.3, a), new([2, 3, 4], 0.9, b)], 1, AllClasses)[0];
                    float[] all = [.. a, .. b];
                    Assert.Equal(all.Max(), all[answer.ClassIndex]); // by value: two classes may tie
                }
            );

    [Fact]
    public void Route_ScorerGate_IsTheSoftmaxOfItsScores()
    {
        // One hidden unit: z = 2·max(0, x - 1). Features 3 and 2 of input 1 give z = 4 and 2.
        var gate = FittedGates.Hybrid(new PairScorerWeights([1], [1], [1], [0], [2]));
        var answer = new ModuleRouter(gate, 0, 1).Route(
            [First with { Features = [0, 3] }, Second with { Features = [0, 2] }],
            2,
            AllClasses
        )[1];
        var (expert, share) = Assert.Single(answer.Experts);
        Assert.Equal((0, 0), (expert, answer.ClassIndex)); // its own scores of input 1 are 0.5 and 0.25
        Assert.Equal(1 / (1 + Math.Exp(-2)), share, 1e-12);
    }

    [Theory]
    [InlineData("evidence")]
    [InlineData("entropy")]
    [InlineData("hybrid")]
    public void Route_AnExpertIsAdded_TheOthersKeepTheirScores(string name)
    {
        var gate =
            name == "hybrid"
                ? FittedGates.Hybrid(new PairScorerWeights([0], [1], [1, -1], [0, 0.5], [2, 1]))
                : GateCatalog.Create(new GateOptions(name));
        ExpertView[] two = [First with { Features = [0.5, 3] }, Second with { Features = [1, 2] }];
        ExpertView third = new([5], 0.1, [0.5f, 0.5f], Features: [2, 2]);
        var before = new ModuleRouter(gate, 0.7, 2).Route(two, 2, AllClasses);
        var after = new ModuleRouter(gate, 0.7, 3).Route([.. two, third], 2, [.. AllClasses, 5]);
        foreach (var (one, other) in before.Zip(after))
            Assert.Equal(LogRatio(one), LogRatio(other), 1e-9); // the softmax has one term more, its logits stay
        static double LogRatio(RoutedClass answer) => Math.Log(Share(answer, 0) / Share(answer, 1));
        static double Share(RoutedClass answer, int expert) =>
            answer.Experts.Single(share => share.Expert == expert).Probability;
    }

    [Theory]
    [InlineData(-0.1, 1)]
    [InlineData(0, 0)]
    public void Constructor_NumberOutOfRange_Throws(double beta, int top) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModuleRouter(new EvidenceGate(), beta, top));

    private static IReadOnlyList<RoutedClass> Route(IGate gate, double beta, int top) =>
        new ModuleRouter(gate, beta, top).Route([First, Second], 2, AllClasses);
}
