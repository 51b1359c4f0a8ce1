using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Dmkd.Architecture.Tests;

/// <summary>What the types of a compiled project name: in signatures, fields and method bodies. Nothing is run.</summary>
internal sealed class AssemblyFile : IDisposable
{
    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes)
        .GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    public AssemblyFile(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
    }

    /// <summary>The project's own file, built beside these tests.</summary>
    public static string PathOf(string project, string assembly)
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, assembly + ".dll");
    }

    /// <summary>Names of the assemblies it uses.</summary>
    public IEnumerable<string> References =>
        _reader.AssemblyReferences.Select(handle => _reader.GetString(_reader.GetAssemblyReference(handle).Name));

    /// <summary>Calls of a method of another assembly, by name, as the top-level types that make them.</summary>
    public IEnumerable<string> CallersOf(string method) =>
        from handle in _reader.TypeDefinitions
        where TokensOf(_reader.GetTypeDefinition(handle)).Any(token => NameOf(token) == method)
        select FullNameOf(handle);

    /// <summary>Pairs of namespaces, the first of which names a type of the second.</summary>
    public IReadOnlySet<(string From, string To)> Arrows()
    {
        var arrows = new HashSet<(string, string)>();
        foreach (var handle in _reader.TypeDefinitions)
        {
            string from = NamespaceOf(handle);
            foreach (var named in NamedBy(_reader.GetTypeDefinition(handle)))
                if (NamespaceOf(named) != from)
                    arrows.Add((from, NamespaceOf(named)));
        }

        return arrows;
    }

    public void Dispose() => _file.Dispose();

    private HashSet<TypeDefinitionHandle> NamedBy(TypeDefinition type)
    {
        var names = new SignatureNames();
        Add(names, type.BaseType);
        foreach (var own in type.GetInterfaceImplementations())
            Add(names, _reader.GetInterfaceImplementation(own).Interface);
        foreach (var field in type.GetFields())
            _reader.GetFieldDefinition(field).DecodeSignature(names, null);
        foreach (var method in type.GetMethods())
            _reader.GetMethodDefinition(method).DecodeSignature(names, null);
        foreach (var token in TokensOf(type))
            Add(names, token);
        return names.Found;
    }

    private void Add(SignatureNames names, EntityHandle handle)
    {
        if (handle.IsNil)
            return; // interfaces have no base
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                names.Found.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(names, null);
                break;
            case HandleKind.MethodDefinition:
                names.Found.Add(_reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                names.Found.Add(_reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Add(names, _reader.GetMemberReference((MemberReferenceHandle)handle).Parent);
                break;
            case HandleKind.MethodSpecification:
                var method = _reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                method.DecodeSignature(names, null);
                Add(names, method.Method);
                break;
        }
    }

    /// <summary>What the bodies of a type's methods name.</summary>
    private IEnumerable<EntityHandle> TokensOf(TypeDefinition type)
    {
        foreach (var handle in type.GetMethods())
        {
            var method = _reader.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0)
                continue;
            var code = _file.GetMethodBody(method.RelativeVirtualAddress).GetILContent();
            foreach (var token in TokensOf(code))
                yield return token;
        }
    }

    private static IEnumerable<EntityHandle> TokensOf(ImmutableArray<byte> code)
    {
        int at = 0;
        while (at < code.Length)
        {
            int value = code[at++];
            if (value == 0xFE)
                value = value << 8 | code[at++];
            var operand = Codes[value].OperandType;
            if (
                operand
                is OperandType.InlineType
                    or OperandType.InlineMethod
                    or OperandType.InlineField
                    or OperandType.InlineTok
            )
                yield return MetadataTokens.EntityHandle(IntAt(code, at));
            at += operand is OperandType.InlineSwitch ? 4 + 4 * IntAt(code, at) : SizeOf(operand);
        }
    }

    private static int IntAt(ImmutableArray<byte> code, int at) => BitConverter.ToInt32(code.AsSpan(at, 4));

    private static int SizeOf(OperandType operand) =>
        operand switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineI8 or OperandType.InlineR => 8,
            _ => 4,
        };

    private string? NameOf(EntityHandle token)
    {
        if (token.Kind is HandleKind.MethodSpecification)
            token = _reader.GetMethodSpecification((MethodSpecificationHandle)token).Method;
        return token.Kind is HandleKind.MemberReference
            ? _reader.GetString(_reader.GetMemberReference((MemberReferenceHandle)token).Name)
            : null;
    }

    private string NamespaceOf(TypeDefinitionHandle handle) =>
        _reader.GetString(_reader.GetTypeDefinition(Outermost(handle)).Namespace);

    private string FullNameOf(TypeDefinitionHandle handle)
    {
        var outermost = _reader.GetTypeDefinition(Outermost(handle));
        return $"{_reader.GetString(outermost.Namespace)}.{_reader.GetString(outermost.Name)}";
    }

    private TypeDefinitionHandle Outermost(TypeDefinitionHandle handle)
    {
        while (_reader.GetTypeDefinition(handle).GetDeclaringType() is { IsNil: false } outer)
            handle = outer;
        return handle;
    }

    /// <summary>Collects the assembly's own types out of signatures; what it returns is not used.</summary>
    private sealed class SignatureNames : ISignatureTypeProvider<int, object?>
    {
        public HashSet<TypeDefinitionHandle> Found { get; } = [];

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            Found.Add(handle);
            return 0;
        }

        public int GetTypeFromSpecification(
            MetadataReader reader,
            object? genericContext,
            TypeSpecificationHandle handle,
            byte rawTypeKind
        ) => reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => 0;
    }
}
