using System.Reflection;

namespace Dmkd.Architecture.Tests;

/// <summary>
/// Conventions of messages, and a lock on their fields: WireTypes.txt lists every message's alias and every field's id,
/// so that a renumbered, retyped or removed field shows up in review. To regenerate it after a change that is meant:
/// <c>DMKD_REGENERATE=1 dotnet run --project tests/Dmkd.Architecture.Tests -c Release</c>.
/// </summary>
public sealed class WireTypeTests
{
    private const string Regenerate = "DMKD_REGENERATE";

    public static TheoryData<Type> Types => [.. Product.WireTypes];

    [Theory]
    [MemberData(nameof(Types))]
    public void WireType_Always_HasOurAlias(Type type) => Assert.Equal($"dmkd.{type.Name}", Product.AliasOf(type));

    [Theory]
    [MemberData(nameof(Types))]
    public void WireType_Always_IsSealedOrAbstract(Type type) =>
        Assert.True(type.IsSealed || type.IsAbstract, $"{type} must be sealed or abstract");

    [Theory]
    [MemberData(nameof(Types))]
    public void WireType_Always_IsImmutable(Type type)
    {
        Assert.True(
            type.IsDefined(typeof(ImmutableAttribute), inherit: false),
            $"{type} must be [Immutable]: inside a silo it is shared, not copied"
        );
        Assert.DoesNotContain(
            type.GetProperties(),
            property =>
                property.SetMethod is { IsPublic: true } setter
                && !setter
                    .ReturnParameter.GetRequiredCustomModifiers()
                    .Contains(typeof(System.Runtime.CompilerServices.IsExternalInit))
        );
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void WireType_EveryStoredProperty_HasAnId(Type type) =>
        Assert.DoesNotContain(
            type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly),
            property => property.SetMethod is not null && property.GetCustomAttribute<IdAttribute>() is null
        );

    [Fact]
    public void Aliases_OfTypesInterfacesAndEnums_AreUnique() =>
        Assert.Empty(
            Product
                .Contracts.GetTypes()
                .Select(Product.AliasOf)
                .OfType<string>()
                .GroupBy(alias => alias)
                .Where(group => group.Count() > 1)
                .Select(group => group.Key)
        );

    [Fact]
    public void Enums_OfTheContracts_HaveAnAlias() =>
        Assert.DoesNotContain(
            Product.Contracts.GetExportedTypes(),
            type => type.IsEnum && Product.AliasOf(type) is null
        );

    [Fact]
    public void WireTypes_AllFields_AreAsRecorded()
    {
        string actual = string.Concat(
            Product
                .WireTypes.SelectMany(Describe)
                .Concat(Product.Contracts.GetExportedTypes().Where(type => type.IsEnum).Select(Values))
                .OrderBy(line => line, StringComparer.Ordinal)
                .Select(line => line + "\n")
        );
        string source = Path.Combine(
            typeof(WireTypeTests)
                .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .Single(entry => entry.Key == "ProjectFolder")
                .Value!,
            "WireTypes.txt"
        );
        if (Environment.GetEnvironmentVariable(Regenerate) == "1")
            File.WriteAllText(source, actual);
        Assert.Equal(File.ReadAllText(source), actual);
    }

    private static IEnumerable<string> Describe(Type type) =>
        from property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
        let id = property.GetCustomAttribute<IdAttribute>()
        where id is not null
        select $"{Product.AliasOf(type)} {id.Id:00} {property.Name} {Name(property.PropertyType)}";

    private static string Values(Type type) =>
        $"{Product.AliasOf(type)} = "
        + $"{string.Join(' ', Enum.GetValues(type).Cast<object>().Select(value => $"{value}:{Convert.ToInt32(value, null)}"))}";

    private static string Name(Type type) =>
        type switch
        {
            { IsArray: true } => Name(type.GetElementType()!) + "[]",
            { IsGenericType: true } =>
                $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
            _ => Product.AliasOf(type) ?? type.Name,
        };
}
