using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Replay;

public sealed class ReservoirTests
{
    [Theory]
    [InlineData(1, 20)]
    [InlineData(5, 30)]
    [InlineData(8, 8)]
    public void PlaceOf_Stream_KeepsEachWithTheSameChance(int capacity, int length)
    {
        const int Streams = 4000;
        int[] kept = new int[length];
        for (int stream = 0; stream < Streams; stream++)
        {
            Random random = new(stream);
            int[] places = new int[capacity];
            for (int i = 0; i < length; i++)
                if (Reservoir.PlaceOf(i, capacity, random) is { } place)
                    places[place] = i;
            foreach (int i in places)
                kept[i]++;
        }

        // Binomial: five standard deviations of the count, for each of the images.
        double chance = (double)capacity / length,
            spread = 5 * Math.Sqrt(Streams * chance * (1 - chance));
        Assert.All(kept, count => Assert.InRange(count, Streams * chance - spread, Streams * chance + spread));
    }

    [Fact]
    public void Add_Batches_KeepsPixelsLabelsAndLogitsTogether()
    {
        using var scope = NewDisposeScope();
        using Reservoir reservoir = new(6, new Random(3));
        for (int batch = 0; batch < 10; batch++)
            Add(reservoir, 4 * batch, 4);
        Assert.Equal(6, reservoir.Count);
        var drawn = reservoir.Draw(100);
        double[] pixels = TestData.Doubles(drawn.Images),
            labels = TestData.Doubles(drawn.Labels),
            logits = TestData.Doubles(drawn.Logits!);
        Assert.Equal(6, labels.Distinct().Count()); // all different, all drawn
        Assert.Equal(labels, pixels);
        Assert.Equal(labels, logits);
        Assert.Contains(labels, label => label >= 6); // newer ones took places
    }

    [Fact]
    public void Draw_Fewer_AreDifferentAndOfThoseStored()
    {
        using var scope = NewDisposeScope();
        using Reservoir reservoir = new(50, new Random(3));
        Add(reservoir, 0, 10);
        double[] labels = TestData.Doubles(reservoir.Draw(7).Labels);
        Assert.Equal(7, labels.Distinct().Count());
        Assert.All(labels, label => Assert.InRange(label, 0, 9));
    }

    [Fact]
    public void Draw_Empty_Throws()
    {
        using Reservoir reservoir = new(5, new Random(1));
        Assert.Throws<InvalidOperationException>(() => reservoir.Draw(1));
    }

    [Fact]
    public void AddDrawDispose_LeakNoTensor() =>
        TestData.AssertNoLeak(() =>
        {
            using var scope = NewDisposeScope();
            using Reservoir reservoir = new(5, new Random(1));
            Add(reservoir, 0, 8);
            reservoir.Draw(3);
        });

    private static void Add(Reservoir reservoir, int first, int count)
    {
        var numbers = arange(first, first + count);
        reservoir.Add(
            numbers.to(ScalarType.Byte).view(-1, 1, 1, 1),
            numbers.to(ScalarType.Int64),
            numbers.to(ScalarType.Float32).view(-1, 1)
        );
    }
}
