using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Grains.Routing;

namespace Dmkd.Grains.Tests.Routing;

public sealed class BatchRoutingTests
{
    [Theory]
    [InlineData(0, 8, new int[0])]
    [InlineData(600, 8, new[] { 250, 250, 100 })]
    [InlineData(10, 700, new[] { 2, 2, 2, 2, 2 })] // 1.47 MB an image
    [InlineData(2, 1400, new[] { 1, 1 })] // more than the limit: the router says so
    public void Split_Images_KeepsTheirOrderAndTheLimits(int count, int size, int[] expected)
    {
        var images = new ImageSet(new byte[3 * size * size * count], new int[count], 3, size, size);
        int[][] batches = [.. BatchRouting.Split(images)];
        Assert.Equal(expected, batches.Select(batch => batch.Length));
        Assert.Equal(Enumerable.Range(0, count), batches.SelectMany(batch => batch));
    }

    [Fact]
    public void RequestOf_Batch_HoldsItsImages()
    {
        var images = new ImageSet([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [0, 1, 2], 1, 2, 2);
        var routing = new RoutingSettings("evidence", 1, 0);
        var request = BatchRouting.RequestOf(
            images,
            [2, 0],
            [
                [0, 1],
                [2],
            ],
            routing
        );
        Assert.Equal([9, 10, 11, 12, 1, 2, 3, 4], request.Input.Content);
        Assert.Equal([2, 1, 2, 2], request.Input.Shape);
        Assert.Equal(routing, request.Routing);
        Assert.Equal(
            [
                [0, 1],
                [2],
            ],
            request.CandidateSets
        );
    }
}
