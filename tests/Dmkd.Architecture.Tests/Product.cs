using System.Reflection;

namespace Dmkd.Architecture.Tests;

/// <summary>The product's assemblies and their types.</summary>
internal static class Product
{
    public static readonly Assembly Core = Assembly.Load("Dmkd.Core");
    public static readonly Assembly Data = Assembly.Load("Dmkd.Data");
    public static readonly Assembly Contracts = Assembly.Load("Dmkd.Contracts");
    public static readonly Assembly Grains = Assembly.Load("Dmkd.Grains");

    /// <summary>Grain interfaces.</summary>
    public static IReadOnlyList<Type> GrainInterfaces { get; } =
    [.. Contracts.GetTypes().Where(type => type.IsInterface && type.IsAssignableTo(typeof(IGrain)))];

    /// <summary>Classes and structs that travel in messages.</summary>
    public static IReadOnlyList<Type> WireTypes { get; } =
    [.. Contracts.GetTypes().Where(type => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))];

    /// <summary>The alias of a type or method.</summary>
    public static string? AliasOf(MemberInfo member) =>
        member.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias;
}
