using Dmkd.Contracts.Wire;
using Dmkd.Core.Merging.Compression;
using Dmkd.Grains.Wire;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Dmkd.Grains.Tests.Wire;

public sealed class DeltaWireTests
{
    private static readonly CompressedDelta EveryForm = new(
    [
        new DenseTensor("dense", [2], [0, 1, 2, 3, 4, 5, 6, 7]),
        new DenseTensor("half", [2], [0, 1, 2, 3]) { Format = ValueFormat.Fp16 },
        new LowRankTensor("low", [2, 3], 1, [1, 2, 3, 4], [5, 6], [7, 8, 9, 10, 11, 12]) { Format = ValueFormat.Fp16 },
        new ProductTensor("product", [2, 3], 1, [1, 2, 3, 4], [5, 6, 7, 8, 9, 10]) { Format = ValueFormat.Fp16 },
        new LeftFactorTensor("left", [2, 3], 1, [1, 2, 3, 4]) { Format = ValueFormat.Fp16 },
        new RightFactorTensor("right", [2, 3], 1, [5, 6, 7, 8, 9, 10]) { Format = ValueFormat.Fp16 },
    ]);

    [Fact]
    public void RoundTrip_EveryForm_GivesItBackWithoutCopies() =>
        Assert.Equal(EveryForm.Tensors, DeltaWire.FromWire(DeltaWire.ToWire(EveryForm)).Tensors); // arrays by reference

    [Fact]
    public void RoundTrip_ThroughTheSerializer_KeepsEveryField()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var back = DeltaWire.FromWire(serializer.Deserialize<TensorPayload[]>(serializer.SerializeToArray(DeltaWire.ToWire(EveryForm)))!);
        Assert.Equivalent(EveryForm, back, strict: true);
        Assert.Equal(EveryForm.Tensors.Select(tensor => tensor.GetType()), back.Tensors.Select(tensor => tensor.GetType()));
    }

    [Fact]
    public void FromWire_FormatOfANewerProgram_IsLeftForTheCheckToRefuse()
    {
        var payload = new DenseTensorPayload { Name = "v", Shape = [1], Values = new byte[8], Format = (PayloadFormat)2 };
        Assert.Equal((ValueFormat)2, DeltaWire.FromWire([payload]).Tensors[0].Format);
    }

    [Fact]
    public void Formats_OnBothSides_HaveTheSameNumbers() => Assert.Equal(
        Enum.GetValues<ValueFormat>().Select(format => ($"{format}", (int)format)),
        Enum.GetValues<PayloadFormat>().Select(format => ($"{format}", (int)format)));
}
