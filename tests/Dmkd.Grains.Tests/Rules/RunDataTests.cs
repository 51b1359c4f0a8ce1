using Dmkd.Core.Modalities;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RunDataTests
{
    private static readonly ImageDataset Dataset = DatasetLoader.Load(DatasetCache.SpecOf(TinySettings().Data));

    [Fact]
    public void ExemplarsOf_EvenShards_AreAsManyAsAskedForOfEachClass()
    {
        var data = Data(exemplars: 30);
        int[] labels =
        [
            .. Enumerable.Range(0, 2).SelectMany(node => new SimulatedShards(data, node).ExemplarsOf(1).Labels),
        ];
        Assert.Equal(Enumerable.Range(0, 10), labels.Distinct().Order());
        Assert.All(labels.CountBy(label => label), entry => Assert.Equal(3, entry.Value));
    }

    [Fact]
    public void ExemplarsOf_LaterTask_KeepsSomeOfThoseKeptBefore()
    {
        var data = Data(exemplars: 40);
        for (int node = 0; node < 2; node++)
        {
            var before = Pictures(new SimulatedShards(data, node).ExemplarsOf(0));
            var after = Pictures(new SimulatedShards(data, node).ExemplarsOf(1));
            Assert.Equal(20, before.Count);
            Assert.Equal(10, after.Count(before.Contains));
        }
    }

    [Fact]
    public void ExemplarsOf_ANode_AreImagesOfItsOwnShards()
    {
        var data = Data(exemplars: 40);
        var own = Pictures(new SimulatedShards(data, 1).ShardOf(0))
            .Concat(Pictures(new SimulatedShards(data, 1).ShardOf(1)))
            .ToHashSet();
        Assert.Subset(own, Pictures(new SimulatedShards(data, 1).ExemplarsOf(1)));
    }

    private static RunData Data(int exemplars) =>
        new(
            Dataset,
            TinySettings() with
            {
                Fitting = TinySettings().Fitting with { Exemplars = exemplars },
                Participation = TinySettings().Participation with { Dirichlet = double.PositiveInfinity },
            }
        );

    private static HashSet<string> Pictures(IExamples examples)
    {
        var images = (ImageSet)examples;
        return [.. Enumerable.Range(0, images.Count).Select(i => Convert.ToHexString(images.Image(i)))];
    }
}
