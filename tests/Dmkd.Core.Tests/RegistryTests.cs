using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests;

public sealed class RegistryTests
{
    [Fact]
    public void Names_OfClasses_AreInTheirOrder() => // and a later rule comes after them
        Assert.Equal(
            ["mean", "weighted", "clipped", "trimmed", "median", "krum", "nnm"],
            IMergeRule.Known.Names.Take(7)
        );

    [Fact]
    public void Names_OfConstants_AreInTheirOrder() =>
        Assert.Equal(["none", "affine", "discriminant"], Calibrations.Known.Names);

    [Fact]
    public void Find_ValueOfAnEnumeration_IsIt()
    {
        Assert.Equal(PartitionStrategy.Random, PreservationWays.Partitions.Find("random"));
        Assert.Equal("random", PreservationWays.Partitions.NameOf(PartitionStrategy.Random));
    }

    [Fact]
    public void Find_Method_IsCalled() =>
        Assert.Equal(7, ArchitectureCatalog.Usual.Find("resnet20-b")(7, 32).OutputCount);

    [Fact]
    public void Find_NameWithAParameter_PassesIt() => Assert.Equal("krum-2", IMergeRule.Known.Find("krum-2").Name);

    [Fact]
    public void NameOf_ClassWithAParameter_IsItsName() =>
        Assert.Equal("krum", IMergeRule.Known.NameOf(IMergeRule.Known.Find("krum-2")));

    [Theory]
    [InlineData(
        "vote",
        "There is no merge rule 'vote'; there are: mean, weighted, clipped, trimmed, median, krum, nnm"
    )]
    [InlineData("mean-2", "There is no merge rule 'mean-2'; there are: mean")]
    [InlineData(
        "krum-x",
        "The parameter of merge rule 'krum-x' must be a number, as in clipped-2, trimmed-0.3, krum-2, nnm-0.3; it is 'x'."
    )]
    [InlineData("krum-1.5", "The parameter of merge rule 'krum-1.5' must be a number")]
    public void ProblemOf_WrongText_SaysWhatThereIs(string text, string expected) =>
        Assert.StartsWith(expected, IMergeRule.Known.ProblemOf(text), StringComparison.Ordinal);

    [Fact]
    public void ProblemOf_EveryExample_IsNothing()
    {
        foreach (var entry in IMergeRule.Known.Entries.Where(entry => entry.Example is not null))
            Assert.Null(IMergeRule.Known.ProblemOf(entry.Example!));
    }
}
