using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Nodes;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>A node that holds its own weights of round 0, grown from version 1, and is asked for round 1.</summary>
public sealed class NodeRulesTests
{
    private const string Local = "sha256:local";
    private const string Base = "sha256:base";

    [Fact]
    public void StartingDigest_RoundAfterOneWithoutMerge_IsTheLocalWeights() =>
        Assert.Equal(Local, NodeRules.StartingDigest(Holding(), Request()));

    [Fact]
    public void StartingDigest_NothingHeld_IsTheBase() =>
        Assert.Equal(Base, NodeRules.StartingDigest(new NodeState(), Request()));

    [Fact]
    public void StartingDigest_AfterAMergeRound_IsTheBase() =>
        Assert.Equal(Base, NodeRules.StartingDigest(Holding(local: null), Request()));

    [Fact]
    public void StartingDigest_NewerBase_IsTheBase() =>
        Assert.Equal(Base, NodeRules.StartingDigest(Holding(), Request(baseVersion: 2)));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void StartingDigest_NotTheNextRound_IsTheBase(int round) =>
        Assert.Equal(Base, NodeRules.StartingDigest(Holding(), Request(round)));

    [Fact]
    public void StartingDigest_OtherModuleHeld_IsTheBase() =>
        Assert.Equal(
            Base,
            NodeRules.StartingDigest(Holding(), Request() with { Module = Descriptor(name: "expert-2") })
        );

    [Fact]
    public void Finished_HeldWork_IsFound() => Assert.NotNull(NodeRules.Finished(Holding(), Request(round: 0).WorkKey));

    [Fact]
    public void Finished_OtherRound_IsNull() => Assert.Null(NodeRules.Finished(Holding(), Request(round: 1).WorkKey));

    private static NodeState Holding(string? local = Local) =>
        new()
        {
            Held =
            {
                ["expert-1"] = new HeldModule
                {
                    WorkKey = Request(round: 0).WorkKey,
                    Round = 0,
                    BaseVersion = 1,
                    LocalDigest = local,
                    Report = new LocalUpdateReport
                    {
                        SampleCount = 1,
                        MeanLoss = 1,
                        DeviceSeconds = 1,
                        DownloadedBytes = 1,
                    },
                },
            },
        };
}
