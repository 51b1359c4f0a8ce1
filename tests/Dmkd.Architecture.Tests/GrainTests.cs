using System.Reflection;

namespace Dmkd.Architecture.Tests;

/// <summary>Conventions of grain classes and grain interfaces.</summary>
public sealed class GrainTests
{
    public static TheoryData<Type> Classes =>
        [.. Product.Grains.GetTypes().Where(type => type.IsAssignableTo(typeof(Grain)))];

    public static TheoryData<Type> Interfaces => [.. Product.GrainInterfaces];

    [Theory]
    [MemberData(nameof(Classes))]
    public void GrainClass_Always_IsSealedAndInternal(Type grain) =>
        Assert.True(grain.IsSealed && grain.IsNotPublic, $"{grain} must be internal sealed");

    [Theory]
    [MemberData(nameof(Classes))]
    public void GrainClass_Always_HoldsNoTensor(Type grain) =>
        Assert.DoesNotContain(
            grain.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public),
            field => field.FieldType.Namespace?.StartsWith("TorchSharp", StringComparison.Ordinal) == true
        );

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void GrainInterface_Always_HasExactlyOneClass(Type contract) =>
        Assert.Single(
            Product.Grains.GetTypes(),
            type => type.IsClass && type.IsAssignableTo(contract) && type.IsAssignableTo(typeof(Grain))
        );

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void GrainInterface_Always_HasAnAlias(Type contract) =>
        Assert.Equal($"dmkd.{contract.Name}", Product.AliasOf(contract));

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void GrainMethod_Always_HasAnAliasOfItsOwn(Type contract)
    {
        List<string?> aliases = [.. Methods(contract).Select(Product.AliasOf)];
        Assert.All(aliases, Assert.NotNull);
        Assert.Equal(aliases.Distinct(), aliases);
    }

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void GrainMethod_Always_EndsInAsync(Type contract) =>
        Assert.All(Methods(contract), method => Assert.EndsWith("Async", method.Name, StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void GrainMethod_Always_TakesACancellationTokenLast(Type contract) =>
        Assert.All(
            Methods(contract),
            method =>
            {
                var last = method.GetParameters()[^1];
                Assert.Equal((typeof(CancellationToken), true), (last.ParameterType, last.HasDefaultValue));
            }
        );

    private static IEnumerable<MethodInfo> Methods(Type contract) =>
        contract.GetMethods().Where(method => method.IsAbstract);
}
